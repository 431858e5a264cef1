"""What the larger commands do: replay a file, run the demo, run worker and board as two processes."""
