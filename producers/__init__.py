"""The platforms' side: publisher, simulator, conformance check."""
