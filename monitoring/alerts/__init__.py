"""What alerts are about: the signals that rules look at, and the pure life of an alert."""
