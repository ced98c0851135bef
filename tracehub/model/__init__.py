"""What a trace is: frozen data without I/O, shared by every floor above."""
