"""Each kind of our spans in OpenTelemetry's words."""
