"""Administrators who look at other people's chats. Each look leaves a trace."""

from __future__ import annotations

import logging
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext

from find_friend.logs import fields

logger = logging.getLogger("find_friend.chat")

VIEW_CHAT = "find_friend_chat.view_chat"


def is_allowed(user: Any) -> bool:
    """Whether the user may look at any chat: staff with the permission to view chats."""
    return bool(getattr(user, "is_staff", False)) and user.has_perm(VIEW_CHAT)


def record(user: Any, seen: models.Model) -> None:
    """Write into Django's log of the admin, or into our logger where that is not installed, who has seen what."""
    model = seen._meta.label_lower
    logger.info(
        "User %s has viewed %s %s.",
        user.pk,
        model,
        seen.pk,
        extra=fields("chat_viewed", user=user.pk, model=model, key=seen.pk),
    )
    if apps.is_installed("django.contrib.admin"):
        from django.contrib.admin.models import CHANGE, LogEntry

        rows = type(seen)._base_manager.filter(pk=seen.pk)
        LogEntry.objects.log_actions(user.pk, rows, CHANGE, gettext("Viewed."), single_object=True)


def record_list(user: Any, model: type[models.Model], asked: str) -> None:
    """The same for a list, which tells who writes to whom. ``asked``: what was searched and filtered by."""
    from django.contrib.admin.models import CHANGE, LogEntry
    from django.contrib.contenttypes.models import ContentType

    name = model._meta.label_lower
    logger.info("User %s has listed %s.", user.pk, name, extra=fields("chats_listed", user=user.pk, model=name))
    title = str(capfirst(model._meta.verbose_name_plural))
    LogEntry.objects.create(
        user_id=user.pk,
        content_type=ContentType.objects.get_for_model(model),
        object_repr=(f"{title}: {asked}" if asked else title)[:200],
        action_flag=CHANGE,
        change_message=gettext("Viewed the list."),
    )


def record_action(user: Any, rows: models.QuerySet[Any], name: str) -> None:
    """The same for every row that an action of the admin is given, an export of the site's say."""
    from django.contrib.admin.models import CHANGE, LogEntry

    model = rows.model._meta.label_lower
    entries = LogEntry.objects.log_actions(user.pk, rows, CHANGE, gettext("Action “%s”.") % name)
    logger.info(
        "User %s has given %s rows of %s to %s.",
        user.pk,
        len(entries),
        model,
        name,
        extra=fields("chat_action", user=user.pk, model=model, count=len(entries), operation=name),
    )
