"""The envelopes in which people keep traces, one per file."""
