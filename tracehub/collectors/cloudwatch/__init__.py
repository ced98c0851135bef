"""Reads log groups by FilterLogEvents, in sweeps that overlap so that what comes late is found too."""
