"""`tracehub export`: traces for other back ends, and as files."""
