"""The newest pair of versions; the oldest one is an environment of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "integrator.py"
ROOT = Path(__file__).resolve().parents[3]


def newest_django():
    """The newest version that is supported, and the requirement for it, as tox.ini has them."""
    pins = re.findall(r"^    django\d+: (Django>=([\d.]+),<\S+)$", (ROOT / "tox.ini").read_text(), re.MULTILINE)
    requirement, version = max(pins, key=lambda pin: [int(part) for part in pin[1].split(".")])
    return version, requirement


def test_a_site_elsewhere_installs_and_bends_it():
    (wheel,) = Path(os.environ["FIND_FRIEND_DIST"]).glob("*.whl")
    version, requirement = newest_django()
    command = [sys.executable, SCRIPT, "--wheel", wheel, "--django", requirement]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Django {version}" in done.stdout
    assert "gets chat" in done.stdout
