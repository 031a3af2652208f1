"""How fast one connection fills the message table by itself: python -m tests.benchmarks.inserts DSN SECONDS"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg

BATCH = 50
COLUMNS = "chat_id, seq, sender_id, text, created"
TEXT = "x" * 64


def rate(connection: psycopg.Connection, seconds: float, insert: Callable[[psycopg.Cursor, list[Any]], None]) -> float:
    """Rows a second, each batch committed."""
    rows, began = 0, time.perf_counter()
    with connection.cursor() as cursor:
        while time.perf_counter() - began < seconds:
            # As in a chat server: a batch is of several chats, and numbers go up.
            insert(cursor, [(rows % 10, rows + number, 1, TEXT) for number in range(BATCH)])
            connection.commit()
            rows += BATCH
    return rows / (time.perf_counter() - began)


def executemany(cursor: psycopg.Cursor, rows: list[Any]) -> None:
    cursor.executemany(f"INSERT INTO raw_message ({COLUMNS}) VALUES (%s, %s, %s, %s, now())", rows)


def unnest(cursor: psycopg.Cursor, rows: list[Any]) -> None:
    cursor.execute(
        f"INSERT INTO raw_message ({COLUMNS})"
        " SELECT *, now() FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[]) RETURNING id",
        [list(column) for column in zip(*rows, strict=True)],
    )


def main(dsn: str, seconds: float) -> None:
    with psycopg.connect(dsn) as connection:
        # The same columns and indexes as the real table, without its rows.
        connection.execute("DROP TABLE IF EXISTS raw_message")
        connection.execute("CREATE TABLE raw_message (LIKE find_friend_chat_message INCLUDING ALL)")
        connection.commit()
        rates = {}
        for insert in (unnest, executemany):
            connection.execute("TRUNCATE raw_message")
            rates[insert.__name__] = rate(connection, seconds, insert)
    print(json.dumps(rates))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
