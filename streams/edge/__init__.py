"""Shared code that touches the machine: Kafka clients, HTTP, files, logs, command-line options.

Start with kafka_client/ and http_server/.
Imports contract and domain.
"""
