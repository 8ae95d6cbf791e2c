"""Statistics over many runs at once: pure functions of numbers."""
