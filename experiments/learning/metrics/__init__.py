"""Offline metrics: one file a metric, two protocols, and ``evaluate`` which brings them together."""
