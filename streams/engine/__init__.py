"""Pure: events and facts in, sums out, and `kpis` from them. No I/O, no clock, no client."""
