"""A site outside of the package's own, with some of the apps, tests its policy: a right one and one with a leak."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOST = Path(__file__).parent / "host"
SITES = {
    "accounts_only": ("accounts", "4 passed, 4 skipped"),
    "friends_only": ("friends", "4 passed, 4 skipped"),
    "chat_only": ("chat", "8 passed"),
    "full": ("accounts friends chat", "8 passed"),
}


@pytest.mark.parametrize("site", SITES)
def test_a_site_with_these_apps(site):
    apps, summary = SITES[site]
    left_out = ("DJANGO_SETTINGS_MODULE", "PYTEST_", "COV_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environ |= {"FIND_FRIEND_HOST_APPS": apps, "FIND_FRIEND_DATABASE": "sqlite", "FIND_FRIEND_REDIS_URL": ""}
    environ["PYTHONPATH"] = str(HOST.parents[2])
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(HOST / "pytest.ini"), str(HOST)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert summary in done.stdout
