"""Examines a tracehub: its settings, configuration, database, clock and sources."""
