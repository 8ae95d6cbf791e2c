"""A dataset's held-out part replayed as live traffic with feedback, with drift injected where one asks for it."""
