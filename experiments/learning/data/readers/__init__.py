"""Readers: one file per format, one common form of rows. Start at ``registry``."""
