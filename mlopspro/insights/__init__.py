"""Home and insights: what needs attention now, and what managers ask of weeks and months."""
