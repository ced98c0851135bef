"""OpenTelemetry's words out: traces as the spans that other back ends read."""
