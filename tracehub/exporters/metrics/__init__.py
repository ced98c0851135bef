"""What agents did in a window of time, as OpenTelemetry's metrics."""
