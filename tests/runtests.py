#!/usr/bin/env python3
"""Run the tests: python3 tests/runtests.py [options] [-- pytest options]

Needs nothing but Python. Makes its own environment (.venv-tests), installs tox into it and runs tox, which makes
the environments of the tests. Nothing outside this folder is changed.
"""

# Whoever starts it with an old Python 3 should be told so: no syntax that is newer than 3.6.

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv-tests"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST = (3, 10)

# Environments that talk to a server, by a part of their names: which it is, and the variables that say where, with
# the port if they do not.
SERVERS = {
    "postgres": ("PostgreSQL", "DB_HOST", "DB_PORT", "5432"),
    "fuzz": ("PostgreSQL", "DB_HOST", "DB_PORT", "5432"),
    "mariadb": ("MariaDB", "MYSQL_HOST", "MYSQL_PORT", "3306"),
}


def too_old(version):
    """What to tell somebody whose Python is too old, or None."""
    if tuple(version[:2]) >= OLDEST:
        return None
    needed, found = (".".join(map(str, numbers[:2])) for numbers in (OLDEST, version))
    return f"The tests need Python {needed} or newer; this is Python {found}. Try: python3.13 tests/runtests.py"


def quick_env(version):
    """The environment of the default run: this Python with the newest Django that supports it."""
    django = "61" if tuple(version[:2]) >= (3, 12) else "52"
    return f"py{version[0]}{version[1]}-django{django}"


def parse(arguments):
    """Options of ours, and those for pytest, which stand after ``--``."""
    ours, pytest_options = arguments, []
    if "--" in arguments:
        cut = arguments.index("--")
        ours, pytest_options = arguments[:cut], arguments[cut + 1 :]
    parser = argparse.ArgumentParser(
        prog="runtests.py",
        usage="python3 tests/runtests.py [--all | --every-database | -e ENV | --list] [--recreate] [-- pytest options]",
        description="By default the tests run once: this Python, the newest Django it supports, SQLite.",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--all", action="store_true", help="the whole matrix, linters, types, docs and the built wheel")
    what.add_argument(
        "--every-database", action="store_true", help="every supported Django on SQLite, PostgreSQL and MariaDB"
    )
    what.add_argument("-e", "--env", metavar="ENV", help="these tox environments, separated by commas")
    what.add_argument("--list", action="store_true", help="list the environments")
    parser.add_argument("--recreate", action="store_true", help="make every environment anew")
    return parser.parse_args(ours), pytest_options


def in_ci(environ):
    return environ.get("CI", "").lower() not in ("", "0", "false")


def succeeds(*command):
    try:
        return subprocess.call([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def install(*requirements):
    """Install into our environment with whichever pip there is; whether it went well."""
    pip = [str(PYTHON), "-m", "pip"]
    if not succeeds(*pip, "--version"):
        # A pip outside may install into an environment that has none, also where it may not install for everybody.
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    if not succeeds(*pip, "--version"):
        return False
    return subprocess.call([*pip, "install", "-qq", "--disable-pip-version-check", *requirements]) == 0


def make_environment(recreate=False):
    """Make .venv-tests with tox, unless it is there and works."""
    import venv

    same_python = f"import sys, tox; sys.exit(sys.version_info[:2] != {tuple(sys.version_info[:2])})"
    if not recreate and succeeds(PYTHON, "-c", same_python):
        return
    print(f"Making {VENV.name} with tox ...", flush=True)
    shutil.rmtree(str(VENV), ignore_errors=True)
    venv.create(str(VENV), with_pip=False, symlinks=os.name != "nt")
    if install("tox>=4.22"):
        return
    if succeeds(sys.executable, "-c", "import ensurepip"):
        shutil.rmtree(str(VENV), ignore_errors=True)
        venv.create(str(VENV), with_pip=True, symlinks=os.name != "nt")
        if install("tox>=4.22"):
            return
    shutil.rmtree(str(VENV), ignore_errors=True)
    sys.exit(
        "tox could not be installed. If the messages above do not say why, this Python has neither pip nor ensurepip: "
        "install python3-pip or python3-venv (Debian, Ubuntu) and try again."
    )


def tox(*arguments):
    return [str(PYTHON), "-m", "tox", *arguments]


def every_environment():
    return subprocess.check_output(tox("list", "--no-desc"), cwd=str(ROOT)).decode().split()


def answers(host, port):
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except (OSError, ValueError):
        return False
    return True


def left_out(environments, environ, has_newest_python):
    """Environments that cannot run on this machine, with the reasons; in CI none is left out."""
    if in_ci(environ):
        return {}
    reasons = {}
    for name in environments:
        for factor, (server, host, port, default) in SERVERS.items():
            address = (environ.get(host) or "127.0.0.1", environ.get(port) or default)
            if factor in name.split("-") and not answers(*address):
                reasons[name] = f"no {server} at {':'.join(address)} ({host}, {port})"
    if "coverage" in environments and not has_newest_python:
        reasons["coverage"] = "no Python 3.13, on which coverage is measured"
    elif "coverage" in environments and reasons:
        reasons["coverage"] = "some lines run only on a database that is left out"
    return reasons


def every_database(names):
    """Each Django that tox.ini names on each database, with the newest Python that tox.ini has for it."""
    pairs = (re.match(r"py(\d+)-django(\d+)$", name) for name in names)
    newest = {}
    for pair in filter(None, pairs):
        python, django = map(int, pair.groups())
        newest[django] = max(python, newest.get(django, 0))
    databases = ("", "-postgres", "-mariadb")
    return [f"py{newest[django]}-django{django}{database}" for django in sorted(newest) for database in databases]


def run_many(names, recreate, pytest_options):
    environ = dict(os.environ)
    # tox-uv only makes environments faster; all works without it.
    if not succeeds(PYTHON, "-c", "import tox_uv") and not install("tox-uv"):
        print("tox-uv could not be installed; tox alone takes longer.")
    newest = sys.version_info[:2] == (3, 13) or shutil.which("python3.13") is not None
    reasons = left_out(names, environ, newest)
    # Two environments share the processors, so none of them spreads over several.
    environ["FIND_FRIEND_TEST_WORKERS"] = "0"
    environ.setdefault("UV_PYTHON_DOWNLOADS", "never")
    command = tox("run-parallel", "--parallel", str(min(os.cpu_count() or 2, 4)), "--parallel-no-spinner")
    command += ["--skip-missing-interpreters", "false" if in_ci(environ) else "true"]
    command += ["-e", ",".join(name for name in names if name not in reasons)]
    command += ["--recreate"] if recreate else []
    command += ["--", *pytest_options] if pytest_options else []
    code = subprocess.call(command, cwd=str(ROOT), env=environ)
    for name in sorted(reasons):
        print(f"  {name}: left out, {reasons[name]}")
    return code


def main(arguments):
    message = too_old(sys.version_info)
    if message:
        sys.exit(message)
    options, pytest_options = parse(arguments)
    began = time.time()
    make_environment(options.recreate)
    if options.list:
        return subprocess.call(tox("list"), cwd=str(ROOT))
    if options.all:
        code = run_many(every_environment(), options.recreate, pytest_options)
    elif options.every_database:
        code = run_many(every_database(every_environment()), options.recreate, pytest_options)
    else:
        command = tox("run", "-e", options.env or quick_env(sys.version_info))
        command += ["--recreate"] if options.recreate else []
        command += ["--", *pytest_options] if pytest_options else []
        code = subprocess.call(command, cwd=str(ROOT))
    print(f"{'FAILED' if code else 'OK'} after {time.time() - began:.0f} s", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
