"""GET /metrics: tracehub's own health and what agents do, for Prometheus."""
