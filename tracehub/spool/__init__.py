"""A bounded store of what the proxy saw, in files of this machine: written by one process, read by another."""
