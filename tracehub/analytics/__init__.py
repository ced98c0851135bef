"""Numbers and whole contents from rows and events."""
