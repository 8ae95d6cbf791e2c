"""From data to a promoted model: datasets, training runs, their evaluation and tracking."""
