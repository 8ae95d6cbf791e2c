"""The demonstration of the whole loop, unattended and narrated."""
