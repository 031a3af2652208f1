"""Administrators who look at other people's chats. Each look leaves a trace."""

from __future__ import annotations

import logging
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.translation import gettext

logger = logging.getLogger("find_friend.chat")

VIEW_CHAT = "find_friend_chat.view_chat"


def is_allowed(user: Any) -> bool:
    """Whether the user may look at any chat: staff with the permission to view chats."""
    return bool(getattr(user, "is_staff", False)) and user.has_perm(VIEW_CHAT)


def record(user: Any, seen: models.Model) -> None:
    """Write into Django's log of the admin, or into our logger where that is not installed, who has seen what."""
    logger.info("User %s has viewed %s %s.", user.pk, seen._meta.label_lower, seen.pk)
    if apps.is_installed("django.contrib.admin"):
        from django.contrib.admin.models import CHANGE, LogEntry

        rows = type(seen)._base_manager.filter(pk=seen.pk)
        LogEntry.objects.log_actions(user.pk, rows, CHANGE, gettext("Viewed."), single_object=True)
