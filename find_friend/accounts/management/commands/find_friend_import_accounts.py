from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from rest_framework.authentication import TokenAuthentication as Theirs

from find_friend.accounts.authentication import LegacyTokenAuthentication
from find_friend.accounts.importers import AuthtokenImporter, FindFriendBackend
from find_friend.authentication import authentication_classes
from find_friend.importing.command import ImportCommand
from find_friend.importing.importer import Importer

LEGACY = f"{LegacyTokenAuthentication.__module__}.{LegacyTokenAuthentication.__qualname__}"


class Command(ImportCommand):
    help = "Imports users with their profiles, or tokens, of another package. It can be run again."
    sources = {"authtoken": AuthtokenImporter, "find-friend-backend": FindFriendBackend}

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--move",
            action="store_true",
            help="authtoken only: delete the old row of each token taken over, so that no run brings it back.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["move"] and options["source"] != "authtoken":
            raise CommandError("--move is for authtoken.")
        super().handle(*args, **options)

    def advise(self, importer: Importer) -> None:
        if not isinstance(importer, AuthtokenImporter):
            return
        classes = authentication_classes()
        if not any(issubclass(each, LegacyTokenAuthentication) for each in classes):
            self.stdout.write(f"The keys count once {LEGACY} is among the authentication classes.")
        if any(issubclass(each, Theirs) for each in classes):
            self.stdout.write(
                f"{Theirs.__module__}.{Theirs.__name__} still takes keys that have ended here: remove it."
            )
        if not importer.options.move:
            self.stdout.write(
                "The old rows are still there: another run would bring back tokens that have ended since."
            )
