"""The processes of a run: what starts them, on which core they are, what they cost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.processes import answers, end, free_port, wait_for

ROOT = Path(__file__).parents[2]
NODE = Path(__file__).parent / "node" / "server.mjs"
TICK = os.sysconf("SC_CLK_TCK")
SERVER_CORE, OTHER_CORE = 0, 1


def pin(pid: int, core: int) -> bool:
    """Keep a process and its threads on one core; whether that is possible here."""
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})
    except (OSError, AttributeError):
        return False
    return True


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far; 0 once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid: int) -> int:
    """Proportional set size in bytes, or the resident one where the kernel does not tell."""
    for name, label in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            lines = Path(f"/proc/{pid}/{name}").read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(label):
                return int(line.split()[1]) * 1024
    return 0


class Server:
    """One kind of server, in one process or several, all on the servers' core."""

    def __init__(self, name: str, commands: list[list[str]], folder: Path, env: dict[str, str]) -> None:
        self.name, self.processes, self.ports, self.logs = name, [], [], []
        try:
            for number, command in enumerate(commands):
                self.start(command, folder / f"{name.replace(' ', '-')}-{number}.log", folder, env)
        except BaseException:
            self.stop()
            raise

    def start(self, command: list[str], log: Path, folder: Path, env: dict[str, str]) -> None:
        port = free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [part.format(port=port) for part in command],
                cwd=folder if command[0] == "node" else ROOT,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        self.ports.append(port)
        self.logs.append(log)
        pin(process.pid, SERVER_CORE)
        wait_for(lambda: answers(port) or process.poll() is not None, log)
        if process.poll() is not None:
            raise RuntimeError(f"{self.name} did not start: {log.read_text(errors='replace')[-2000:]}")

    def cpu_seconds(self) -> dict[int, float]:
        return {process.pid: cpu_seconds(process.pid) for process in self.processes}

    def memory(self) -> int:
        return sum(memory(process.pid) for process in self.processes)

    def complaints(self) -> list[str]:
        """What the processes have written, which is only what went wrong."""
        lines = [line for log in self.logs for line in log.read_text(errors="replace").splitlines()]
        return [line for line in lines if line.strip()]

    def port(self, side: int) -> int:
        return self.ports[side % len(self.ports)]

    def stop(self) -> None:
        for process in self.processes:
            end(process)


class Site:
    """What every server of the run is given: the database, the prefix, a folder for logs."""

    def __init__(self, folder: Path, database: str, prefix: str, ws: str) -> None:
        self.folder, self.ws = folder, ws
        self.env = {
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
            "FIND_FRIEND_BENCHMARK_DATABASE": database,
            "FIND_FRIEND_BENCHMARK_PREFIX": prefix,
            "PYTHONUNBUFFERED": "1",
        }

    def uvicorn(self, name: str, application: str, layer: str, processes: int = 1, **env: str) -> Server:
        command = [
            sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--lifespan", "off",
            "--ws", self.ws, "--log-level", "warning", "--no-access-log", application,
        ]  # fmt: skip
        env = {**self.env, **env, "FIND_FRIEND_BENCHMARK_LAYER": layer}
        return Server(name, [command] * processes, self.folder, env)

    def ours(self, layer: str = "memory", processes: int = 1) -> Server:
        return self.uvicorn("ours", "tests.projects.full.asgi:application", layer, processes)

    def bare(self, layer: str = "roomy", processes: int = 1) -> Server:
        return self.uvicorn("bare echo", "tests.benchmarks.bare:application", layer, processes)

    def bare_insert(self) -> Server:
        return self.uvicorn("bare echo, INSERT", "tests.benchmarks.bare:application", "roomy", BARE_INSERT="1")

    def echo(self) -> Server:
        return Server("raw echo", [[sys.executable, "-m", "tests.benchmarks.echo", "{port}"]], self.folder, self.env)

    def node(self, prepared: bool = False) -> Server:
        """Raises LookupError where Node or its packages cannot be had."""
        folder = self.folder / "node"
        if not (folder / "node_modules").exists():
            install_node(folder)
        name, env = ("Node, INSERT prepared", {"PREPARED": "1"}) if prepared else ("Node, INSERT", {})
        return Server(name, [["node", "server.mjs", "{port}"]], folder, {**self.env, **env})

    def node_versions(self) -> str:
        packages = [self.folder / "node" / "node_modules" / name / "package.json" for name in ("ws", "pg")]
        found = [json.loads(package.read_text()) for package in packages]
        node = {"name": "node", "version": run(["node", "--version"])}
        return ", ".join(f"{each['name']} {each['version']}" for each in (node, *found))


def install_node(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    if not (shutil.which("node") and shutil.which("npm")):
        raise LookupError("node or npm is not installed")
    (folder / "package.json").write_text('{"private": true}')
    shutil.copy(NODE, folder)
    command = ["npm", "install", "--no-audit", "--no-fund", "--fetch-retries", "0", "ws@8", "pg@8"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        raise LookupError("npm did not answer within two minutes") from None
    if done.returncode:
        raise LookupError(f"npm install failed: {done.stderr.strip().splitlines()[-1:]}")


def run(command: list[str], folder: Path | None = None) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60).stdout.strip()


class Backends:
    """PostgreSQL and Redis, which run already: on the other core while the benchmark runs, where that is allowed."""

    def __init__(self, database: str, redis: Any) -> None:
        self.database = database
        self.redis_pid = local(redis.info("server")["process_id"], "redis-server")
        backend = query("SELECT pg_backend_pid()")[0][0]
        self.postmaster = parent(backend) if local(backend, "postgres") else 0
        self.before: dict[int, set[int]] = {}

    def pin(self) -> str:
        """What could be done, in words."""
        said = []
        for name, pids in (("PostgreSQL", self.server_pids()), ("Redis", [self.redis_pid] if self.redis_pid else [])):
            for pid in pids:
                self.before[pid] = os.sched_getaffinity(pid)
            moved = {pin(pid, OTHER_CORE) for pid in pids} == {True}
            said.append(f"{name} on core {OTHER_CORE}" if moved else f"{name} could not be moved to core {OTHER_CORE}")
        return ", ".join(said)

    def unpin(self) -> None:
        for pid, cores in self.before.items():
            for task in tasks(pid):
                with suppress(OSError):
                    os.sched_setaffinity(task, cores)

    def server_pids(self) -> list[int]:
        """The postmaster, whose later children follow it, our database's backends, and those who write for them."""
        if not self.postmaster:
            return []
        children = Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children").read_text().split()
        return [self.postmaster, *(pid for pid in map(int, children) if self.is_ours(title(pid)))]

    def is_ours(self, title: str) -> bool:
        return self.database in title or title.endswith(("walwriter", "background writer", "checkpointer"))

    def cpu_seconds(self) -> dict[str, dict[int, float]]:
        """So far, by process: backends come and go."""
        used = {}
        if self.postmaster:
            used["postgres"] = {pid: cpu_seconds(pid) for pid in self.server_pids()}
        if self.redis_pid:
            used["redis"] = {self.redis_pid: cpu_seconds(self.redis_pid)}
        return used

    def sessions(self) -> int:
        """How many sessions our database has had since it was made; one's own does not change it."""
        return query("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")[0][0]


def tasks(pid: int) -> list[int]:
    try:
        return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []


def title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def local(pid: int, name: str) -> int:
    """The number, if it is a process of that name on this machine; otherwise 0."""
    try:
        found = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return 0
    return pid if found.startswith(name) else 0


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])


def query(sql: str) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()
