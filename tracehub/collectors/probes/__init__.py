"""What AWS lets a source do, found by really asking: one harmless call for each permission."""
