"""What people search for in traces: which texts, how they become tokens, and how a query is read."""
