"""What people and programs ask tracehub over HTTP."""
