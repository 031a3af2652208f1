"""Processes of the site: the servers, which may be killed at chosen points, and a worker that serves nobody."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.processes import HOST, free_port

ROOT = Path(__file__).parents[2]
APPLICATION = "tests.faults.asgi:application"
COMMANDS = {
    "uvicorn": ["uvicorn", "--host", HOST, "--port", "{port}", "--no-access-log", "--lifespan", "off", APPLICATION],
    "daphne": ["daphne", "-b", HOST, "-p", "{port}", "--access-log", os.devnull, APPLICATION],
}
FAKETIME = [
    path
    for folder in ("/usr/lib", "/usr/local/lib")
    for path in sorted(map(str, Path(folder).glob("**/faketime/libfaketime.so.1")))
]


def environment(site, **more):
    """The environment of a process of the site; Python flags and coverage of the test run stay away."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "FAULTS_SITE": json.dumps(site),
        "PYTHONUNBUFFERED": "1",
        **{name: str(value) for name, value in more.items()},
    }


class Server:
    """One worker process. ``crash``: where it kills itself, "point:times" (see ``tests.faults.asgi``)."""

    def __init__(self, site, folder, *, kind="uvicorn", name="server"):
        self.site, self.kind, self.name = site, kind, name
        self.port = free_port()
        self.log = folder / f"{name}.log"
        self.clock = folder / f"{name}.clock"
        self.process = None

    def start(self, *, crash="", steps_clock=False):
        more = {"FAULTS_CRASH": crash}
        if steps_clock:
            self.set_clock(0)
            if FAKETIME:
                more |= {
                    "LD_PRELOAD": FAKETIME[0],
                    "FAKETIME_TIMESTAMP_FILE": self.clock,
                    "FAKETIME_NO_CACHE": 1,
                    "FAKETIME_DONT_FAKE_MONOTONIC": 1,
                    "DONT_FAKE_MONOTONIC": 1,
                }
            else:
                more["FAULTS_CLOCK"] = self.clock
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *(part.format(port=self.port) for part in COMMANDS[self.kind])],
                cwd=ROOT,
                env=environment(self.site, **more),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self

    def set_clock(self, seconds):
        """Let the process believe that it is so much later. It reads the file again and again."""
        written = self.clock.with_suffix(".new")
        written.write_text(f"{seconds:+d}s\n")
        written.replace(self.clock)

    async def ready(self, seconds=60):
        deadline = time.monotonic() + seconds
        async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
            while True:
                assert self.process.poll() is None, f"{self.name} ended: {self.written()[-3000:]}"
                assert time.monotonic() < deadline, f"{self.name} does not answer: {self.written()[-3000:]}"
                try:
                    await http.get(f"http://{HOST}:{self.port}/healthz")
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
                else:
                    return self

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        if self.is_running:
            self.process.send_signal(number)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self, seconds=20):
        """Ask it to end; whether it did so in time."""
        if not self.is_running:
            return True
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True

    async def ended(self, seconds):
        """Whether the process ends by itself in time."""
        deadline = time.monotonic() + seconds
        while self.is_running and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return not self.is_running

    def rss(self):
        """Megabytes of memory."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise AssertionError("no VmRSS")

    def written(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class Worker:
    """A process with the site's code and without sockets, such as a task queue or a shell. See ``world.act``."""

    def __init__(self, site, folder):
        self.log = folder / "worker.log"
        self.output = self.log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.world", "act"],
            cwd=ROOT,
            env=environment(site),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.output,
            text=True,
        )

    async def act(self, do, seconds_allowed=30, **arguments):
        def exchange():
            self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline() or '{"error": "the worker has ended"}')

        answer = await asyncio.wait_for(asyncio.to_thread(exchange), seconds_allowed)
        assert "error" not in answer, answer
        return answer

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.output.close()


def fill(site, pairs):
    """Migrate and fill the database of ``site``; what is in it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.world", "fill", str(pairs)],
        cwd=ROOT,
        env=environment(site),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)
