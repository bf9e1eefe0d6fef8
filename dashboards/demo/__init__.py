"""The demo: starts every part of the pipeline on this machine, watches them, and reads the board."""
