"""What touches the machine and is shared: Kafka clients, HTTP, files, logs, command-line options.

Start with kafka_client/ and http_server/.
Imports contract and domain.
"""
