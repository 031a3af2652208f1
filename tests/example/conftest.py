"""The example project runs in processes of its own: its settings are not those of the tests."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "example_project"
NAMES = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (EXAMPLE / ".env.example").read_text(), re.MULTILINE)


def environment(**values):
    """The environment of a fresh installation: what .env may set is empty unless given here."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "COV_"))}
    return {**clean, **dict.fromkeys(NAMES, ""), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **values}


def python(*arguments, check=True, **values):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=EXAMPLE, env=environment(**values), capture_output=True, text=True
    )
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


def require(condition, reason):
    """Skip where a tool is missing; CI has every tool, so there it is a failure."""
    if not condition:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


@pytest.fixture(scope="session")
def manage():
    """``manage("check", DEBUG="True")`` runs manage.py of the example project with these variables."""

    def run(*arguments, **values):
        return python("manage.py", *arguments, **values)

    return run


@pytest.fixture(scope="session")
def collected(manage, tmp_path_factory):
    """The variable that says where the static files are, which pages need outside development."""
    where = {"STATIC_ROOT": str(tmp_path_factory.mktemp("static"))}
    values = {"DEBUG": "False", "DJANGO_SECRET_KEY": "x" * 50, **where}
    manage("collectstatic", "--no-input", "--verbosity", "0", **values)
    return where
