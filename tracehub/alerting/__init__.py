"""Rules, what they find, and who is told."""
