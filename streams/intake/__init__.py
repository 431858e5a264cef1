"""Webhooks: signed requests of vendors, and CloudEvents over HTTP, to events in Kafka."""
