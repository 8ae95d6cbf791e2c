"""Tables with roles: read, judged, described."""
