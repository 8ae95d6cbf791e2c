#!/usr/bin/env python
"""Django's command line, with the embedded services found or started first where a command needs them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlopspro.settings")
    from mlopspro import embedded

    embedded.prepare_for_command(sys.argv)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
