"""Trials between versions, from sums: comparisons, guard-rails, canary steps. Pure; knows no Django."""
