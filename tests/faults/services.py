"""Private PostgreSQL and Redis servers that a scenario may stop, pause and kill.

Each has its own port and temporary folder and runs as an unprivileged user. Only processes started here are touched.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.processes import HOST, free_port

PATIENCE = 30


def find(program):
    places = [os.environ.get("PATH", ""), "/usr/sbin", "/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    return shutil.which(program, path=os.pathsep.join(places))


def missing():
    """The programs that the scenarios need and this machine has not."""
    return [name for name in ("postgres", "initdb", "redis-server") if find(name) is None]


def unprivileged(name):
    """How a process is told to leave root behind; nothing where we are not root."""
    if os.geteuid() != 0:
        return {}
    for candidate in (name, "nobody"):
        try:
            entry = pwd.getpwnam(candidate)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("no user to run as besides root")


def children(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Service:
    name = user = ""

    def __init__(self, folder):
        self.folder = folder / self.name
        self.folder.mkdir()
        self.who = unprivileged(self.user)
        if self.who:
            os.chown(self.folder, self.who["user"], self.who["group"])
        self.port = free_port()
        self.process = None

    def command(self):
        raise NotImplementedError

    def answers(self):
        raise NotImplementedError

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                start_new_session=True,
                **self.who,
            )
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not answer\n{self.written()[-2000:]}")
            time.sleep(0.05)
        return self

    def end(self, how):
        """Send the signal and wait until the process has gone."""
        if self.process is None or self.process.poll() is not None:
            return
        self.resume()
        self.process.send_signal(how)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def stop(self):
        self.end(signal.SIGTERM)

    def kill(self):
        self.end(signal.SIGKILL)

    def restart(self):
        self.kill()
        self.start()

    def everyone(self):
        """The process and its children, the process first: a stopped one starts no more."""
        return [self.process.pid]

    def signal_all(self, number):
        for pid in self.everyone():
            with suppress(ProcessLookupError):  # a child that has just ended
                os.kill(pid, number)

    def pause(self):
        self.signal_all(signal.SIGSTOP)

    def resume(self):
        self.signal_all(signal.SIGCONT)

    def written(self):
        return (self.folder / "log").read_text(errors="replace")


class PostgreSQL(Service):
    name = user = "postgres"

    def __init__(self, folder, max_connections=100):
        super().__init__(folder)
        self.max_connections = max_connections
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self.run(find("initdb"), f"--pgdata={self.folder / 'data'}", *options)

    def run(self, *command):
        done = subprocess.run(
            list(map(str, command)),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            **self.who,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace')[-2000:]}")

    def command(self):
        options = {
            "listen_addresses": HOST,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "max_connections": self.max_connections,
            "superuser_reserved_connections": 3,
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [find("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *settings]

    def connect(self, database="postgres", **options):
        options = {"user": "postgres", "connect_timeout": 5, "autocommit": True, **options}
        return psycopg.connect(host=HOST, port=self.port, dbname=database, **options)

    def answers(self):
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement, database="postgres"):
        with self.connect(database) as connection:
            return connection.execute(statement)

    def everyone(self):
        return [self.process.pid, *children(self.process.pid)]

    def stop(self):
        self.end(signal.SIGINT)

    def kill(self):
        """An immediate shutdown. SIGKILL would leave its children behind, which then hold the port."""
        self.end(signal.SIGQUIT)

    def create(self, name, template="template1", owner=None):
        """A database, made anew as a copy of ``template``."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"' + (f" OWNER {owner}" if owner else ""))

    def sessions(self, name):
        """How many connections the database has."""
        with self.connect() as connection:
            return connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]).fetchone()[0]


class Redis(Service):
    name = user = "redis"

    def command(self):
        options = {"bind": HOST, "port": self.port, "save": "", "appendonly": "no", "dir": self.folder}
        return [find("redis-server"), *(str(part) for name, value in options.items() for part in (f"--{name}", value))]

    def ask(self, *words):
        """The first bytes of the answer to one command."""
        with socket.create_connection((HOST, self.port), timeout=3) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(1024)

    def answers(self):
        try:
            return self.ask("PING").startswith(b"+PONG")
        except OSError:
            return False

    def flush(self):
        assert self.ask("FLUSHALL").startswith(b"+OK")

    @property
    def url(self):
        return f"redis://{HOST}:{self.port}/0"
