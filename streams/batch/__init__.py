"""The same ledger over files, without Kafka."""
