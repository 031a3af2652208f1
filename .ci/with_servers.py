"""Run a command with PostgreSQL, MariaDB and Redis: python3 .ci/with_servers.py COMMAND [ARGUMENT ...]

A server that already answers where the tests look for it is used. Otherwise a private one is started in a temporary
folder, on a free port and as an unprivileged user, and the variables that the tests read are set to it. Only what
was started here is ended here.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.append(str(Path(__file__).resolve().parent.parent))

from tests.processes import HOST, free_port


def find(program):
    places = [os.environ.get("PATH", ""), "/usr/sbin", "/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    return shutil.which(program, path=os.pathsep.join(places))


def succeeds(command):
    try:
        return subprocess.run(command, capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


class Server:
    """A server program; subclasses say how to ask, prepare and start it."""

    name = program = user = ""
    port_variable = ""
    default_port = 0
    stop_signal = signal.SIGTERM

    def __init__(self, folder):
        self.folder = folder / self.name.lower()
        self.port = int(os.environ.get(self.port_variable) or self.default_port)
        self.process = None

    def answers(self):
        raise NotImplementedError

    def prepare(self):
        """Make the data folder."""

    def command(self):
        raise NotImplementedError

    def variables(self):
        return {self.port_variable: str(self.port)}

    def unprivileged(self):
        """How a process is told to leave root behind; nothing where we are not root."""
        if os.geteuid() != 0:
            return {}
        for name in (self.user, "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        return {}

    def run(self, *command):
        with (self.folder / "prepare.log").open("ab") as log:
            subprocess.run(
                command,
                check=True,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                **self.unprivileged(),
            )

    def start(self):
        if find(self.program) is None:
            raise RuntimeError(f"{self.program} is not installed")
        self.folder.mkdir()
        who = self.unprivileged()
        if who:
            os.chown(self.folder, who["user"], who["group"])
        self.port = free_port()
        self.prepare()
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                start_new_session=True,
                **who,
            )
        deadline = time.monotonic() + 60
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"does not answer\n{self.last_words()}")
            time.sleep(0.2)

    def last_words(self):
        logs = (self.folder / name for name in ("prepare.log", "server.log"))
        return "\n".join(log.read_text(errors="replace")[-2000:] for log in logs if log.exists())

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class PostgreSQL(Server):
    name = "PostgreSQL"
    program = "postgres"
    user = "postgres"
    port_variable = "DB_PORT"
    default_port = 5432
    stop_signal = signal.SIGINT  # ends connections that are still open

    def answers(self):
        """Whether the role of the tests gets in; the port alone says little."""
        role, password = os.environ.get("POSTGRES_USER") or "postgres", os.environ.get("POSTGRES_PASSWORD", "")
        host = os.environ.get("DB_HOST") or HOST
        ask = [find("psql") or "psql", "-w", "-h", host, "-p", str(self.port), "-U", role, "-d", "postgres"]
        os.environ["PGPASSWORD"] = password
        return succeeds([*ask, "-c", "SELECT 1"])

    def prepare(self):
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self.run(find("initdb"), f"--pgdata={self.folder / 'data'}", *options)

    def command(self):
        options = {"listen_addresses": HOST, "unix_socket_directories": str(self.folder), "fsync": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [find("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *settings]

    def variables(self):
        return {"DB_HOST": HOST, "DB_PORT": str(self.port), "POSTGRES_USER": "postgres", "POSTGRES_DB": "postgres"}


class MariaDB(Server):
    name = "MariaDB"
    program = "mariadbd"
    user = "mysql"
    port_variable = "MYSQL_PORT"
    default_port = 3306

    def answers(self):
        user, password = os.environ.get("MYSQL_USER") or "root", os.environ.get("MYSQL_PASSWORD", "")
        host = os.environ.get("MYSQL_HOST") or HOST
        where = ["--protocol=tcp", f"--host={host}", f"--port={self.port}", f"--user={user}", f"--password={password}"]
        return succeeds([find("mariadb") or "mariadb", "--no-defaults", *where, "-e", "SELECT 1"])

    def prepare(self):
        self.run(
            find("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )

    def command(self):
        return [
            find("mariadbd"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--port={self.port}",
            f"--bind-address={HOST}",
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'pid'}",
            "--innodb-flush-log-at-trx-commit=0",
        ]

    def variables(self):
        return {"MYSQL_HOST": HOST, "MYSQL_PORT": str(self.port), "MYSQL_USER": "root", "MYSQL_PASSWORD": ""}


class Redis(Server):
    name = "Redis"
    program = "redis-server"
    user = "redis"
    default_port = 6379

    def __init__(self, folder):
        super().__init__(folder)
        self.port = urlsplit(os.environ.get("FIND_FRIEND_REDIS_URL", "")).port or self.default_port

    def answers(self):
        try:
            with socket.create_connection((HOST, self.port), timeout=3) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def command(self):
        options = {"bind": HOST, "port": str(self.port), "save": "", "appendonly": "no", "dir": str(self.folder)}
        return [find("redis-server"), *(part for name, value in options.items() for part in (f"--{name}", value))]

    def variables(self):
        return {"FIND_FRIEND_REDIS_URL": f"redis://{HOST}:{self.port}/0", "REDIS_URL": f"redis://{HOST}:{self.port}/1"}


def main(command):
    if not command:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="find_friend-servers-"))
    folder.chmod(0o755)
    servers = [kind(folder) for kind in (PostgreSQL, MariaDB, Redis)]
    environ = dict(os.environ)
    child = None
    try:
        for server in servers:
            if server.answers():
                print(f"{server.name}: the one on port {server.port}", flush=True)
            else:
                try:
                    server.start()
                except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
                    # The environments that need it will fail and say so; all the others still run.
                    print(f"{server.name}: could not be started: {error}\n{server.last_words()}", flush=True)
                    continue
                print(f"{server.name}: started on port {server.port}", flush=True)
                environ.update(server.variables())
        child = subprocess.Popen(command, env=environ)
        return child.wait()
    finally:
        if child is not None and child.poll() is None:
            child.terminate()
            child.wait()
        for server in servers:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
