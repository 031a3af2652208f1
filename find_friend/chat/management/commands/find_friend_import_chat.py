from __future__ import annotations

from find_friend.chat.importers import DjangoPrivateChat2, FindFriendBackend
from find_friend.importing.command import ImportCommand


class Command(ImportCommand):
    help = "Imports chats and messages of another package. It can be run again."
    sources = {"django-private-chat2": DjangoPrivateChat2, "find-friend-backend": FindFriendBackend}
