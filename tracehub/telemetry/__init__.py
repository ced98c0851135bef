"""How tracehub tells of itself: log lines, numbers, and spans where they are switched on."""
