"""Runs Node, which the client's tests need besides Python."""

import os
import shutil
import subprocess

import pytest

from tests.servers.conftest import server, server_process  # noqa: F401


@pytest.fixture(scope="session")
def node():
    """The path of Node 20 or later. Without it a test is skipped on a developer's machine, and fails in CI."""
    path, reason = shutil.which("node"), None
    if path is None:
        reason = "needs Node"
    else:
        version = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
        if int(version.removeprefix("v").split(".")[0]) < 20:
            reason = f"needs Node 20 or later, not {version.strip()}"
    if reason and os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    elif reason:
        pytest.skip(reason)
    return path
