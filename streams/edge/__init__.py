"""Where a process meets the outside, whichever it is: it is told what to do, signs in, and shows its pages."""
