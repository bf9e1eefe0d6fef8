"""What became of a platform's events, read from its feedback topic: `safeclock status`."""
