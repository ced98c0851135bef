"""Pages of where traces are exported to."""
