"""Synthetic sessions: agents that never ran, in the shapes that real ones leave. For demo, tests and benchmarks."""
