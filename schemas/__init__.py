"""The contract that others may rely on: events, catalog, dead letters."""
