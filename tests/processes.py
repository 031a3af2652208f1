"""Starts and ends server processes on free ports of 127.0.0.1."""

import socket
import subprocess
import time
from contextlib import contextmanager

HOST = "127.0.0.1"


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


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
