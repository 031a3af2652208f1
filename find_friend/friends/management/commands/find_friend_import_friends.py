from __future__ import annotations

from find_friend.friends.importers import DjangoFriendship, FindFriendBackend
from find_friend.importing.command import ImportCommand


class Command(ImportCommand):
    help = "Imports friendships, friend requests and blocks of another package. It can be run again."
    sources = {"django-friendship": DjangoFriendship, "find-friend-backend": FindFriendBackend}
