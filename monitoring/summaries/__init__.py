"""Mergeable summaries of predictions, as windows keep them. Pure: knows no Django."""
