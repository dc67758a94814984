#!/usr/bin/env python3
"""Django's command line for the service that SERVICE names."""

import os
import sys


def main() -> None:
    """Run a command with `<SERVICE>.settings`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{os.environ.get('SERVICE', 'web')}.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
