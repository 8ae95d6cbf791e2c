"""Real services and processes for tests; nothing of ours is replaced by a stand-in. Fixtures: conftest.py."""
