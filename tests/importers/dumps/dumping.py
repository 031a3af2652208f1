"""What the scripts beside this file share: a throw-away SQLite database, and its dump as SQL text."""

import sqlite3
from pathlib import Path
from tempfile import mkdtemp

HERE = Path(__file__).parent
HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the one of the tests, so that they can sign in
PASSWORD = "correct horse battery"


def database():
    path = Path(mkdtemp()) / "old.sqlite3"
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}


def write(name, path, tables):
    """Write the tables of a SQLite file, and nothing else of it, to ``<name>.sql``."""
    with sqlite3.connect(":memory:") as small, sqlite3.connect(path) as full:
        for table in tables:
            (create,) = full.execute(
                "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [table]
            ).fetchone()
            small.execute(create)
            for row in full.execute(f'SELECT * FROM "{table}" ORDER BY 1'):
                small.execute(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(row))})', row)
        lines = [line for line in small.iterdump() if "sqlite_sequence" not in line]
    (HERE / f"{name}.sql").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{name}.sql: {len(lines)} statements")
