#!/usr/bin/env python
import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            f"{error}. Activate the virtual environment with the example's packages, "
            'or make one by "python3 example_project/demo.py".'
        ) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
