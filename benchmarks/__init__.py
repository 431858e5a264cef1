"""What the software costs, measured. `make bench` runs all of it; RESULTS.md keeps the figures."""
