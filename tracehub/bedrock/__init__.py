"""AWS's words in, tracehub's model out."""
