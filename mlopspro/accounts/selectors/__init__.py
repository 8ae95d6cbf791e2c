"""Reads for the settings pages."""
