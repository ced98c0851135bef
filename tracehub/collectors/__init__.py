"""Bytes in: what reads traces from where teams keep them, and hands them on."""
