"""Files of the past become events: `kpi import`, by a mapping."""
