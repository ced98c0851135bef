"""Measures tracehub beside its floor: the same bytes through bare code, in the same run."""
