"""The software: Kafka in, exact KPI gauges out."""
