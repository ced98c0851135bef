"""Decides what is wrong, and tells people."""
