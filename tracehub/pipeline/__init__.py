"""Records become stored traces: decode, write events, assemble what they touch, write spans, commit, acknowledge."""
