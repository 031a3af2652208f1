from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from find_friend.accounts.backfill import Progress, backfill
from find_friend.importing.command import positive


class Command(BaseCommand):
    help = (
        "Writes the rows of addresses for users who were there before the package, so that they are found by an index. "
        "It may run while the site is in use, be stopped at any time, and run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Say what would be written, and write nothing.")
        parser.add_argument(
            "--batch-size", type=positive, default=1000, help="Users of one transaction, 1000 unless given."
        )
        parser.add_argument("--after", help="Go on behind the user with this key, the last one that was printed.")

    def handle(self, *args: Any, **options: Any) -> None:
        total = Progress(last=None)
        after = None if options["after"] is None else self.key(options["after"])
        for done in backfill(batch_size=options["batch_size"], after=after, dry_run=options["dry_run"]):
            total = Progress(
                done.last,
                total.seen + done.seen,
                total.written + done.written,
                total.left_out + done.left_out,
            )
            if options["verbosity"] > 1:
                self.stdout.write(f"{total.seen} users, the last one {done.last}")
        verb = "would be written" if options["dry_run"] else "written"
        self.stdout.write(
            f"{total.seen} users looked at: {total.written} rows {verb}, "
            f"{total.left_out} left out who have no address or share one."
        )

    def key(self, text: str) -> Any:
        try:
            return get_user_model()._meta.pk.to_python(text)
        except ValidationError as error:
            raise CommandError(f"--after: {text!r} is no key of a user.") from error
