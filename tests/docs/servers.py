"""Real server processes on a free port, for the pages that show one."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

import find_friend
from tests.processes import running


def absent(reason):
    """A program is missing: a developer's test is skipped, and one in CI fails."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def environment(**more):
    """The variables of a fresh shell in which the package that the tests use is installed."""
    left_out = ("DJANGO", "FIND_FRIEND", "PYTHON", "COV_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environ["PYTHONPATH"] = str(Path(find_friend.__file__).resolve().parents[1])
    environ["PYTHONUNBUFFERED"] = "1"
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', '')}"
    return {**environ, **more}


def shell(script, *, cwd, env, timeout=120):
    """Run lines of a page in one shell that stops at the first failure; what they print."""
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def serving(command, port, *, cwd, env):
    """A server that answers on ``port`` until the block ends; gives the path of its log."""
    log = Path(cwd) / f"server-{port}.log"
    with running(["bash", "-c", f"exec {command}"], port, log, cwd=cwd, env=env):
        yield log
