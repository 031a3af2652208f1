from __future__ import annotations

from typing import Any

from django.core.files.storage import Storage, storages

from find_friend.conf import app_settings


class AvatarStorage(Storage):
    """Stands for the storage whose alias is ``AVATAR_STORAGE``, looked up at each use: columns know no settings."""

    def __getattribute__(self, name: str) -> Any:
        # Storage has an answer to everything, so that a __getattr__ would never be asked.
        return getattr(storages[app_settings.AVATAR_STORAGE], name)
