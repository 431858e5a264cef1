"""Pure: events and facts in, contributions and readings out. No I/O, no clock, no client."""
