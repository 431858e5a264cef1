"""KPIs: from windowed sums of panes to readings, and what to think of them."""
