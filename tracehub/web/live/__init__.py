"""What arrives while somebody looks: the Live page, and sessions that grow."""
