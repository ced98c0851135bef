"""Lets `python -m tracehub` do what `tracehub` does."""

from tracehub.cli import main

main()
