"""Retraining: when a model is trained again, how the new version earns its traffic, and trials between versions."""
