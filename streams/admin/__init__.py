"""The operator's tool: what the broker should have, and what to do when logs were lost, refused or must be kept."""
