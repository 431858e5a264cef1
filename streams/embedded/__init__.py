"""The demo's real parts, pip-installed: a Redis, a Kafka-protocol broker, traffic. For the command line."""
