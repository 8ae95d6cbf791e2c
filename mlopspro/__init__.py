"""The project package: wiring, and the small apps that surround the loop."""
