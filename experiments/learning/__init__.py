"""Pure learning code: data, recommenders, metrics. Knows NumPy and friends, never Django."""
