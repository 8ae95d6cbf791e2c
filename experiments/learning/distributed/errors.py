"""What can go wrong between the processes of one fit."""

from __future__ import annotations


class PeerLost(Exception):
    """A process that trains along has gone or does not answer; the fit may be tried again. The message says which."""
