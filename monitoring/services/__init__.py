"""What changes things: the log, feedback, windows, upkeep."""
