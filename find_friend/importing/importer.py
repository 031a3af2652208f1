"""The frame of every import: batches in key order, each stored in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.db import models, router, transaction

from find_friend.locks import lock

from .people import ByEmail, ByKey
from .report import Tally
from .tables import OldTable, batches

NOT_HERE = "a user who is not here"
ONESELF = "somebody and themselves"

Progress = Callable[[str, int, int], None]
Store = Callable[[list[Any], dict[Any, Any], Tally], None]


@dataclass(frozen=True)
class Options:
    """What the command line says. ``match`` and ``user_table`` may be left to the source."""

    database: str = "default"
    prefix: str = ""
    match: str | None = None
    user_table: str | None = None
    batch_size: int = 500
    dry_run: bool = False
    move: bool = False
    progress: Progress | None = None


class Importer:
    """One source. ``run`` stores what it holds; a second run finds everything there already.

    No signal of a single friendship or message is sent, only ``rights_changed`` where a right has ended.
    """

    match: ClassVar[str] = "key"
    user_table: ClassVar[str] = "auth_user"

    def __init__(self, options: Options) -> None:
        self.options = options
        self.tallies: dict[str, Tally] = {}
        self.database = router.db_for_write(get_user_model())

    @property
    def old_users(self) -> str:
        """Name of the table of old users."""
        return self.options.user_table or self.options.prefix + self.user_table

    def run(self) -> None:
        """Raises CommandError where a table or a column is missing, before anything is stored."""
        self.prepare()
        if not self.options.dry_run:
            self.store()
            return
        # All of it, and then none of it: what a dry run counts is what the run does.
        with transaction.atomic(using=self.database):
            self.store()
            transaction.set_rollback(True, using=self.database)

    def prepare(self) -> None:
        """Open every table that is read."""
        by_email = (self.options.match or self.match) == "email"
        self.people: ByKey | ByEmail = ByEmail(self.options.database, self.old_users) if by_email else ByKey()

    def store(self) -> None:
        raise NotImplementedError

    def open(self, table: OldTable) -> models.QuerySet[Any]:
        return table.open(self.options.database, self.options.prefix)

    def stage(
        self, name: str, rows: models.QuerySet[Any], store: Store, users: Callable[[list[Any]], Iterable[Any]]
    ) -> None:
        """Hand the rows to ``store`` in batches, with our users for the old keys that ``users`` finds in them.

        Our users stay locked meanwhile, as in every write about people.
        """
        tally = self.tallies.setdefault(name, Tally())
        total = rows.count() if self.options.progress else 0
        for batch in batches(rows, self.options.batch_size):
            people = self.people.find(set(users(batch)) - {None})
            done = Tally()
            done.read = len(batch)
            with transaction.atomic(using=self.database):
                if not self.options.dry_run:  # which would keep them locked until its end
                    lock(get_user_model()._base_manager.filter(pk__in=people.values()))
                store(batch, people, done)
            tally.add(done)
            if self.options.progress:
                self.options.progress(name, tally.read, total)


def columns(*names: str) -> Callable[[list[Any]], Iterable[Any]]:
    """The old keys of users that stand in these columns."""
    return lambda rows: (getattr(row, name) for row in rows for name in names)


def pair_of(people: dict[Any, Any], first: Any, second: Any) -> tuple[Any, Any] | str:
    """Our users for two old keys, or why there is no such pair."""
    if first not in people or second not in people:
        return NOT_HERE
    return ONESELF if people[first] == people[second] else (people[first], people[second])
