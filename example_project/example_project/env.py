"""Reads ``.env``: one ``NAME=value`` a line, as Docker Compose does. Standard library only."""

import os
import re
from pathlib import Path

LINE = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*?)\s*$")
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def parse(text):
    """The variables of a ``.env`` text as a dictionary. Lines that are no assignment are skipped."""
    matches = (LINE.match(line) for line in text.splitlines())
    return {match["name"]: unquote(match["value"]) for match in matches if match}


def unquote(value):
    """The value without its quotes; an unquoted one ends where a comment begins."""
    if value[:1] in ("'", '"') and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return re.split(r"(?:^|\s)#", value, maxsplit=1)[0].rstrip()


def load(*paths):
    """Put the variables of the first file that exists into the environment; what is set already wins."""
    for path in map(Path, paths):
        if path.is_file():
            for name, value in parse(path.read_text(encoding="utf-8-sig")).items():
                os.environ.setdefault(name, value)
            return


def text(name, default=""):
    """A variable, or the default where it is missing or empty."""
    return os.environ.get(name, "").strip() or default


def words(name):
    """A variable with values between spaces, as a list."""
    return text(name).split()


def number(name, default):
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit():
        raise ValueError(f"{name} is {value!r}: write a whole number.")
    return int(value)


def flag(name, default=False):
    value = text(name, str(default)).lower()
    if value not in TRUE | FALSE:
        raise ValueError(f"{name} is {value!r}: write True or False.")
    return value in TRUE
