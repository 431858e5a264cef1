"""The board process: the feeds of all partitions, merged into readings, as gauges, JSON and a page."""
