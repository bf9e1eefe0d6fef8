"""What other processes rely on: bytes, topics, registry, measures, metrics and schemas."""
