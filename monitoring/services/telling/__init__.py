"""How people are told of alerts: what is said (``document``), and a file for each kind of channel."""
