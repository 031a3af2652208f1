"""Starts and ends server processes on free ports of 127.0.0.1."""

import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from random import SystemRandom

HOST = "127.0.0.1"


def free_port():
    """One that no outgoing connection takes before the server listens: below those that Linux gives to connections."""
    while True:
        port = SystemRandom().randrange(16_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


def answers(port):
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(command, port, log, **options):
    """The process, once it listens on the port. It is ended at exit; what it printed is in the file ``log``."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **options
        )
    try:
        wait_for(lambda: answers(port) or process.poll() is not None, log)
        assert process.poll() is None, log.read_text(errors="replace")
        yield process
    finally:
        end(process)


def end(process):
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(condition, log, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Nothing after {seconds} s. {log.read_text(errors='replace')}"
        time.sleep(0.1)
