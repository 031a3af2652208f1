"""python -m tests.benchmarks --help"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("Django", "channels", "channels-redis", "uvicorn", "websockets", "wsproto", "uvloop", "psycopg", "redis")
LISTS = "tests.benchmarks.lists"
RUN_LISTS = f"import django, json; django.setup(); from {LISTS} import run; print(json.dumps(run({{}})))"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Ratios to references of one run.")
    parser.add_argument("--rounds", type=int, help="rounds whose median counts (5; quick: 1)")
    parser.add_argument("--seconds", type=float, help="length of each measurement (4; quick: 1)")
    parser.add_argument("--quick", action="store_true", help="a look in a few minutes: short rounds, fewer sockets")
    names = "raw, one, two, stopped, connections, lists; repeatable"
    parser.add_argument("--only", action="append", metavar="NAME", help=names)
    parser.add_argument("--protocol", choices=["plain", "v1"], default="plain", help="what our members speak")
    parser.add_argument("--layer", choices=["pubsub", "core"], default="pubsub", help="our layer in two processes")
    corked = "find_friend.chat.corking:CorkedProtocol"
    parser.add_argument("--ws", default=corked, help="uvicorn's --ws, for every uvicorn: as deployed, or auto")
    parser.add_argument("--idle", type=int, metavar="N", help="instead of all else: hold N idle sockets (10000)")
    parser.add_argument("--minutes", type=float, default=10, help="for so long")
    parser.add_argument("--messages", type=int, help="in the long chat of lists (1000000; quick: 100000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything that was measured")
    return parser.parse_args()


@contextmanager
def database() -> Iterator[str]:
    """A database of this run's own."""
    import psycopg

    name = f"find_friend_benchmark_{os.getpid()}"
    values = {
        "host": os.environ.get("DB_HOST", "127.0.0.1"),
        "port": os.environ.get("DB_PORT", "5432"),
        "user": os.environ.get("POSTGRES_USER", "postgres"),
        "password": os.environ.get("POSTGRES_PASSWORD", ""),
        "dbname": os.environ.get("POSTGRES_DB", "postgres"),
    }
    os.environ.update(DB_HOST=values["host"], DB_PORT=values["port"], POSTGRES_USER=values["user"])
    with psycopg.connect(**values, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield name
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def redis_prefix() -> Iterator[tuple[object, str]]:
    """A prefix of this run's own; its keys are deleted at the end."""
    import redis

    url = os.environ.setdefault("FIND_FRIEND_REDIS_URL", "redis://127.0.0.1:6379/0")
    prefix = f"find_friend_benchmark_{os.getpid()}"
    with redis.Redis.from_url(url) as client:
        client.ping()
        try:
            yield client, prefix
        finally:
            for key in client.scan_iter(f"{prefix}*"):
                client.delete(key)


def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "cores": str(os.cpu_count())}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def websockets_of(ws: str) -> str:
    """Which implementation uvicorn takes."""
    from uvicorn.config import WS_PROTOCOLS
    from uvicorn.importer import import_from_string

    found = import_from_string(WS_PROTOCOLS.get(ws, ws) or "builtins:object")
    return f"{found.__module__}.{found.__qualname__}"


def main() -> int:
    options = parse()
    # Ended from outside, it ends what it has started, like after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(143))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(", ".join(f"{name} {value}" for name, value in versions().items()))
    print(f"WebSockets of uvicorn: {websockets_of(options.ws)}")
    with tempfile.TemporaryDirectory() as folder, redis_prefix() as (redis, prefix), database() as name:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
            "FIND_FRIEND_BENCHMARK_DATABASE": name,
            "FIND_FRIEND_BENCHMARK_PREFIX": prefix,
        }
        return measure(options, Path(folder), redis, name, prefix)


def measure(options: argparse.Namespace, folder: Path, redis: object, name: str, prefix: str) -> int:
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)

    from . import report
    from .people import wrong_numbers
    from .scenarios import SCENARIOS, Bench, Options, idle
    from .servers import OTHER_CORE, Backends, Site, pin

    quick = options.quick
    chosen = Options(
        rounds=options.rounds or (1 if quick else 5),
        seconds=options.seconds or (1 if quick else 4),
        warm_up=0.5 if quick else 1,
        connections=200 if quick else 1000,
        stopped_messages=3000 if quick else 12_000,
        protocol=options.protocol,
        layer=options.layer,
    )
    site, backends = Site(folder, name, prefix, options.ws), Backends(name, redis)
    bench = Bench(site, backends, chosen)
    os.environ["PYTHONUNBUFFERED"] = "1"
    try:
        bench.note(f"{backends.pin()}; servers on core 0")
        if not pin(os.getpid(), OTHER_CORE):
            bench.note("The generator could not be put on a core of its own")
        if options.idle:
            idle(bench, options.idle, options.minutes)
        else:
            for each in options.only or [*SCENARIOS, "lists"]:
                if each == "lists":
                    lists(bench, options.messages or (100_000 if quick else 1_000_000))
                else:
                    SCENARIOS[each](bench)
        if wrong := wrong_numbers():
            bench.failures.append(f"not numbered 1..n: chats {wrong[:10]}")
        elif any(each.count.sent for each in bench.results):
            bench.note("Every chat in the database is numbered 1..n without gaps, n being its last_seq")
        if (folder / "node" / "node_modules").exists():
            bench.note(site.node_versions())
    finally:
        backends.unpin()
        connection.close()
    print("\n" + report.text(bench))
    if options.json:
        report.write(bench, options.json, {**versions(), "ws": websockets_of(options.ws)})
    return 1 if bench.failures else 0


def lists(bench: object, messages: int) -> None:
    """What chat list and history cost: a program of its own, on the servers' core, in a database of its own."""
    from .servers import SERVER_CORE, pin

    if find_spec(LISTS) is None:
        bench.note(f"Skipped: there is no {LISTS}.")
        return
    process = subprocess.Popen([sys.executable, "-c", RUN_LISTS.format(messages)], stdout=subprocess.PIPE, text=True)
    pin(process.pid, SERVER_CORE)
    try:
        written = process.communicate(timeout=3600)[0]
    except BaseException:
        process.terminate()
        raise
    if process.returncode:
        bench.failures.append(f"{LISTS} ended with {process.returncode}")
        return
    bench.lists = json.loads(written)
    for name, value in bench.lists.items():
        bench.say(f"  {name:60} {value if isinstance(value, bool) else format(value, '.2f')}")


if __name__ == "__main__":
    sys.exit(main())
