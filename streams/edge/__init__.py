"""Where a process meets the outside, whichever it is: it signs in to the broker, and it shows its pages."""
