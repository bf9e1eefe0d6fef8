"""The worker: facts in, time-to-action out."""
