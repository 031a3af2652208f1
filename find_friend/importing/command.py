"""The command line that all imports share."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connections

from .importer import Importer, Options


def positive(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return number


class ImportCommand(BaseCommand):
    """Subclasses name their sources."""

    sources: ClassVar[Mapping[str, type[Importer]]] = {}

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", choices=list(self.sources), help="What to import from.")
        parser.add_argument(
            "--database", default="default", choices=list(connections), help="Where the old tables are: an alias."
        )
        parser.add_argument("--prefix", default="", help="What the names of the old tables begin with in addition.")
        parser.add_argument(
            "--match",
            choices=["key", "email"],
            help="How old users are found among ours: by the same key, or by the address in the old user table.",
        )
        parser.add_argument("--user-table", help="The old user table, in full, for --match=email.")
        parser.add_argument(
            "--batch-size", type=positive, default=500, help="Old rows of one transaction, 500 unless given."
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what would be done, and change nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        shown = options["verbosity"] > 0 and self.stderr.isatty()
        names = ("database", "prefix", "match", "user_table", "batch_size", "dry_run")
        chosen = {name: options[name] for name in names}
        importer = self.sources[options["source"]](
            Options(**chosen, move=options.get("move", False), progress=self.progress if shown else None)
        )
        try:
            importer.run()
        except DatabaseError as error:
            raise CommandError(f"{error} What was committed stays; another run goes on from there.") from error
        finally:
            self.report(importer)
        if not options["dry_run"]:
            self.advise(importer)

    def progress(self, name: str, done: int, total: int) -> None:
        end = "\r" if done < total else "\n"
        self.stderr.write(f"{name} {done}/{total}", style_func=str, ending=end)
        self.stderr.flush()

    def report(self, importer: Importer) -> None:
        """What was done so far, also of a run that was interrupted."""
        dry_run = importer.options.dry_run
        if dry_run:
            self.stdout.write("Dry run: nothing is changed.")
        for name, tally in importer.tallies.items():
            for line in tally.lines(name, dry_run=dry_run):
                self.stdout.write(line)

    def advise(self, importer: Importer) -> None:
        """What is left to do for the site."""
