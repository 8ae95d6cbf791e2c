"""Mirrors of runs in other people's tools: one protocol, one adapter a tracker. Nothing here knows the database."""
