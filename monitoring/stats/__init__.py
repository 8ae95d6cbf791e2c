"""Statistics of monitoring: pure functions on arrays and on summaries. Knows no Django."""
