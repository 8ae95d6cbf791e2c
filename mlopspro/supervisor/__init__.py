"""What ``manage.py up`` does: one command that runs everything on one machine."""
