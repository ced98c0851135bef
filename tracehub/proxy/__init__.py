"""Stands in front of the agents' runtime: lets in who holds a key of tracehub, and calls AWS in its own name."""
