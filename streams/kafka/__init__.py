"""Kafka as all who use it do: topics made and read, records keyed and published."""
