#!/usr/bin/env python3
"""Starts the example project from a fresh clone: one command, standard library only.

    python3 example_project/demo.py [--port 8000] [--no-serve]

Makes a virtual environment in .venv-demo, installs the package with what the example needs, writes .env, migrates,
loads demo data, prints sign-ins and serves. A second start skips what is done and keeps the data.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - the message is for exactly those who have less
    sys.exit(
        f"This project needs Python 3.10 or newer; this is Python {sys.version_info[0]}.{sys.version_info[1]}.\n"
        "Install a newer one and run it by its name, such as: python3.12 example_project/demo.py"
    )

import argparse
import hashlib
import importlib.util
import os
import secrets
import socket
import subprocess
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VENV = ROOT / ".venv-demo"  # not .venv, which people and tools take for their own
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "find_friend_demo.stamp"


def main():
    options = arguments()
    if options.serve:
        ensure_free(options.port)
    make_environment()
    install()
    write_env()
    run(PYTHON, "manage.py", "demo", "--port", str(options.port), problem="The demo could not be prepared.")
    if options.serve:
        serve(options.port)


def arguments():
    parser = argparse.ArgumentParser(description="Start the example project.")
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default: 8000)")
    parser.add_argument("--no-serve", dest="serve", action="store_false", help="prepare everything, start no server")
    options = parser.parse_args()
    if not 0 < options.port < 65536:
        parser.error("--port takes a number from 1 to 65535")
    return options


def ensure_free(port):
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"Port {port} cannot be used: {error.strerror}. Try another one: --port {min(port + 1, 65535)}")


def make_environment():
    if works():
        return
    say(f"Making a virtual environment in {VENV} ...")
    has_pip = importlib.util.find_spec("ensurepip") is not None
    try:
        venv.create(VENV, clear=VENV.exists(), with_pip=has_pip, symlinks=os.name != "nt")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"The virtual environment {VENV} could not be made: {error}")


def works():
    """Whether the environment is there and its Python still starts and is new enough."""
    check = "import sys; sys.exit(sys.version_info < (3, 10))"
    try:
        return PYTHON.exists() and subprocess.run([PYTHON, "-c", check], capture_output=True).returncode == 0
    except OSError:
        return False


def install():
    """Install the package unless this very environment holds it, as pyproject.toml describes it now."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    say("Installing packages; the first time this takes a minute or less ...")
    command = [*pip(), "install", "--quiet", "--disable-pip-version-check", "--editable", f"{ROOT}[demo]"]
    run(
        *command,
        problem="The packages could not be installed; the lines above say why. "
        "The first start needs access to a Python package index.",
    )
    STAMP.write_text(wanted)


def pip():
    """The command of a pip that installs into the environment: its own, or this Python's from outside."""
    if answers(PYTHON, "-m", "pip", "--version"):
        return [PYTHON, "-m", "pip"]
    outside = [sys.executable, "-m", "pip", "--python", PYTHON]
    if answers(*outside, "--version"):
        return outside
    sys.exit(
        "Neither the module ensurepip nor pip 22.3 or newer was found for this Python.\n"
        "On Debian and Ubuntu: sudo apt install python3-venv"
    )


def answers(*command):
    return subprocess.run(command, capture_output=True).returncode == 0


def write_env():
    """A .env with a secret key of its own, unless there is one."""
    target = HERE / ".env"
    if target.exists() or (ROOT / ".env").exists():
        return
    example = (HERE / ".env.example").read_text(encoding="utf-8")
    key = f"DJANGO_SECRET_KEY={secrets.token_urlsafe(50)}"
    target.touch(mode=0o600)
    target.write_text(example.replace("DJANGO_SECRET_KEY=", key, 1), encoding="utf-8")
    say(f"Wrote {target}")


def serve(port):
    command = [str(PYTHON), "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    os.chdir(HERE)
    os.environ.setdefault("PAGES_ORIGIN", f"http://127.0.0.1:{port}")  # where the mails that the console shows lead to
    os.environ.setdefault("PYTHONUNBUFFERED", "1")  # what the server says is seen at once, also through a pipe
    sys.stdout.flush()
    if os.name == "nt":
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


def run(*command, problem):
    if subprocess.run(command, cwd=HERE).returncode:
        sys.exit(f"\n{problem}")


def say(text):
    print(text, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
