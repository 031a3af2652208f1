from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import Exists
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from find_friend.conf import app_settings

from .. import signals

LONGEST_HISTORY = 500


class MessageQuerySet(models.QuerySet["Message"]):
    def newest(self) -> models.QuerySet[Message]:
        """Newest first, as many as CHAT_HISTORY_SIZE says."""
        return self.order_by("-seq")[: max(0, min(app_settings.CHAT_HISTORY_SIZE, LONGEST_HISTORY))]

    def of_chat(self, pk: int | None, *, asked_by: AbstractBaseUser) -> MessageQuerySet:
        """The messages of a chat, each with ``is_member``: whether ``asked_by`` is a member of the chat."""
        from .chat import Membership  # that module stands on this one

        # By the key itself and not by a column, so that the database looks once and not for each message.
        places = Membership.objects.filter(chat=pk, user=asked_by.pk)
        return self.filter(chat=pk).annotate(is_member=Exists(places))

    def before(self, seq: int) -> MessageQuerySet:
        return self.filter(seq__lt=seq)

    def page_before(self, seq: int | None, size: int) -> tuple[list[Message], int | None]:
        """So many messages before a number, or the newest, oldest first; and the first number if there are earlier."""
        messages = self if seq is None else self.before(seq)
        found = list(messages.order_by("-seq")[: size + 1])
        shown = found[:size][::-1]
        return shown, shown[0].seq if len(found) > size else None

    def after(self, seq: int) -> MessageQuerySet:
        return self.filter(seq__gt=seq)


class Message(models.Model):
    """One text; ``seq`` counts the messages of its chat from 1 without gaps, in the order they were committed.

    A deleted one keeps its row and its number, and its text is empty.
    """

    chat = models.ForeignKey(
        "find_friend_chat.Chat", models.CASCADE, related_name="messages", db_index=False, verbose_name=_("chat")
    )
    seq = models.PositiveBigIntegerField(_("number"))
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("sender")
    )
    text = models.TextField(_("text"))
    client_id = models.UUIDField(null=True, editable=False)
    created = models.DateTimeField(_("sent"), default=timezone.now, editable=False)
    edited_at = models.DateTimeField(_("edited"), null=True, editable=False)
    deleted_at = models.DateTimeField(_("deleted"), null=True, editable=False)

    objects = MessageQuerySet.as_manager()
    is_repeat = False
    is_member: bool  # added by of_chat

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["chat", "seq"], name="find_friend_message_seq"),
            models.UniqueConstraint(fields=["chat", "sender", "client_id"], name="find_friend_message_client_id"),
        ]

    def __str__(self) -> str:
        return str(_("Message %(seq)s of chat %(chat)s") % {"seq": self.seq, "chat": self.chat_id})

    @property
    def is_changed(self) -> bool:
        """Whether the message was edited or deleted since it was sent."""
        return self.edited_at is not None or self.deleted_at is not None

    @property
    def is_in_time(self) -> bool:
        """Whether the sender may still edit or delete it, by CHAT_EDIT_WINDOW."""
        return timezone.now() - self.created <= app_settings.CHAT_EDIT_WINDOW


class MessageEvent(models.Model):
    """That a message was edited or deleted. Each change takes the chat's next number; a message keeps its newest."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="event")
    chat = models.ForeignKey("find_friend_chat.Chat", models.CASCADE, related_name="events", db_index=False)
    number = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = _("change of a message")
        verbose_name_plural = _("changes of messages")
        constraints = [models.UniqueConstraint(fields=["chat", "number"], name="find_friend_message_event")]

    def __str__(self) -> str:
        return f"{self.chat_id} – {self.number}"


def erase_messages(instance: Any, **kwargs: Any) -> None:
    """Empty what a user wrote before the user goes, where the site wants that."""
    if app_settings.ERASE_MESSAGES_OF_DELETED_USERS and Message.objects.filter(sender=instance.pk).update(text=""):
        signals.messages_erased.send_on_commit(Message, user_pk=instance.pk)
