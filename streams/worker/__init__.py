"""Kafka to Redis: a Faust worker whose agents keep one KPI table per partition."""
