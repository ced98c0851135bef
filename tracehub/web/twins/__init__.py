"""The lists and sessions of the pages for machines, at the pages' own addresses with an ending."""
