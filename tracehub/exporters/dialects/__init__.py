"""The last step before spans are written: what a back end wants beside, or instead of, the conventions."""
