"""When and why to train again, and doing it safely."""
