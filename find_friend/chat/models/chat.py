from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, router, transaction
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from model_utils.models import TimeStampedModel

from find_friend.conf import app_settings
from find_friend.exceptions import EmailNotVerified
from find_friend.locks import lock, locked_users
from find_friend.pairs import pair_key
from find_friend.policies import policy

from .. import delivery, signals
from ..exceptions import ChatNotThere, ClientIdReused, NotFriends, NotMember, PostNotAllowed, ReceiverNotThere, SelfChat

LONGEST_HISTORY = 500
LARGEST_SEQ = 2**63 - 1


class ChatQuerySet(models.QuerySet["Chat"]):
    def visible_to(self, user: AbstractBaseUser) -> ChatQuerySet:
        """The chats that ``user`` is a member of."""
        return self.filter(memberships__user=user.pk)

    def find(self, key: str) -> Chat | None:
        """The chat with the key that an address has in it; None also for what is no key."""
        if not (key.isascii() and key.isdigit() and len(key) < 19):
            return None
        return self.filter(pk=int(key)).first()

    def direct(self, *, by: AbstractBaseUser, to: AbstractBaseUser) -> tuple[Chat, bool]:
        """The chat of two users, whoever began it, and whether it is new.

        Raises SelfChat, ReceiverNotThere, NotFriends.
        """
        if by.pk == to.pk:
            raise SelfChat
        with locked_users(by, to):
            rules = policy()
            if not rules.may_know_of(by, to):
                raise ReceiverNotThere
            if not rules.may_message(by, to):
                raise NotFriends(to)
            chat, created = self.get_or_create(pair_key=pair_key(by, to), defaults={"initiator": by, "receiver": to})
            if created:
                Membership.objects.bulk_create(Membership(chat=chat, user_id=user.pk) for user in (by, to))
                signals.chat_started.send_on_commit(Chat, chat=chat)
        return chat, created


class Chat(TimeStampedModel):
    """A conversation. Direct ones, of an initiator and a receiver, have a pair key; it outlives its members.

    ``modified`` is the time of the newest message.
    """

    initiator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("initiator")
    )
    receiver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("receiver")
    )
    pair_key = models.CharField(max_length=64, null=True, unique=True, editable=False)
    last_seq = models.PositiveBigIntegerField(_("messages"), default=0, editable=False)

    objects = ChatQuerySet.as_manager()

    class Meta:
        verbose_name = _("chat")
        verbose_name_plural = _("chats")

    def __str__(self) -> str:
        return str(_("Chat %(number)s") % {"number": self.pk})

    def post(self, *, by: AbstractBaseUser, text: str, client_id: UUID | None = None) -> Message:
        """Store a message and, once that is committed, tell everybody who is connected.

        The same ``client_id`` again gives the message it gave before, with ``is_repeat`` set.
        Raises ChatNotThere, NotMember, PostNotAllowed, EmailNotVerified, ClientIdReused.
        """
        using = router.db_for_write(Chat)
        with transaction.atomic(using=using):
            self.lock()
            self.ensure_open_to(by)
            if client_id is not None and (repeat := self._repeat(by, text, client_id)):
                return repeat
            now = timezone.now()
            self.last_seq, self.modified = self.last_seq + 1, now
            message = Message.objects.create(
                chat=self, seq=self.last_seq, sender_id=by.pk, text=text, client_id=client_id, created=now
            )
            Chat.objects.filter(pk=self.pk).update(last_seq=message.seq, modified=now)
            self.memberships.filter(user=by.pk).update(read_seq=message.seq)
            transaction.on_commit(lambda: delivery.publish(message), using=using, robust=True)
            signals.message_posted.send_on_commit(Message, message=message)
        return message

    def lock(self) -> None:
        """Hold the chat until the transaction ends, and read it anew. Raises ChatNotThere."""
        lock(Chat.objects.filter(pk=self.pk))
        self.reread()

    def reread(self) -> None:
        """Read what may have changed since. Raises ChatNotThere."""
        try:
            self.refresh_from_db(fields=["last_seq", "initiator", "receiver"])
        except Chat.DoesNotExist:
            raise ChatNotThere from None

    def _repeat(self, by: AbstractBaseUser, text: str, client_id: UUID) -> Message | None:
        message = self.messages.filter(sender=by.pk, client_id=client_id).first()
        if message is not None:
            if message.text != text:
                raise ClientIdReused
            message.is_repeat = True
        return message

    def ensure_open_to(self, user: AbstractBaseUser) -> None:
        """Raises where ``user`` may not post and receive here now: NotMember, PostNotAllowed, EmailNotVerified."""
        self.membership(user)
        rules = policy()
        if not rules.may_take_part(user):
            raise EmailNotVerified
        if self.pair_key is not None:
            other = self.other(user)
            if other is None or not rules.may_message(user, other):
                raise PostNotAllowed

    def membership(self, user: AbstractBaseUser) -> Membership:
        """What the chat keeps about one member. Raises NotMember."""
        found = self.memberships.filter(user=user.pk).first()
        if found is None:
            raise NotMember
        return found

    def other(self, user: AbstractBaseUser) -> Any:
        """The member of a direct chat who is not ``user``; None once deleted."""
        return self.receiver if self.initiator_id == user.pk else self.initiator

    def history(self) -> models.QuerySet[Message]:
        """The newest messages, newest first, as many as CHAT_HISTORY_SIZE says."""
        return self.messages.order_by("-seq")[: max(0, min(app_settings.CHAT_HISTORY_SIZE, LONGEST_HISTORY))]

    def read(self, *, by: AbstractBaseUser, seq: int) -> Membership:
        """Mark everything up to message number ``seq`` as read; the mark never moves back. Raises NotMember."""
        last = Chat.objects.filter(pk=self.pk).values("last_seq")
        reached = Least(Value(seq, models.BigIntegerField()), Subquery(last), output_field=models.BigIntegerField())
        moved = self.memberships.filter(user=by.pk, read_seq__lt=reached).update(read_seq=reached)
        membership = self.membership(by)
        if moved:
            signals.chat_read.send_on_commit(Chat, chat=self, user=by, seq=membership.read_seq)
        return membership


class MembershipQuerySet(models.QuerySet["Membership"]):
    def of(self, user: AbstractBaseUser) -> MembershipQuerySet:
        """The places of ``user``, newest activity first, each with its chat and ``last_message_id``."""
        newest = Message.objects.filter(chat=OuterRef("chat")).order_by("-seq").values("pk")[:1]
        mine = self.filter(user=user.pk).select_related("chat").annotate(last_message_id=Subquery(newest))
        return mine.order_by("-chat__modified", "-chat_id")


class Membership(TimeStampedModel):
    """A user's place in a chat."""

    chat = models.ForeignKey(Chat, models.CASCADE, related_name="memberships", db_index=False, verbose_name=_("chat"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="find_friend_memberships", verbose_name=_("member")
    )
    read_seq = models.PositiveBigIntegerField(_("read up to"), default=0)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("chat member")
        verbose_name_plural = _("chat members")
        constraints = [models.UniqueConstraint(fields=["chat", "user"], name="find_friend_one_membership")]

    def __str__(self) -> str:
        return f"{self.chat_id} – {self.user_id}"

    @property
    def unread_count(self) -> int:
        """How many messages the member has not seen."""
        return max(0, self.chat.last_seq - self.read_seq)


class MessageQuerySet(models.QuerySet["Message"]):
    def before(self, seq: int) -> MessageQuerySet:
        return self.filter(seq__lt=seq)

    def after(self, seq: int) -> MessageQuerySet:
        return self.filter(seq__gt=seq)


class Message(models.Model):
    """One text; ``seq`` counts the messages of its chat from 1 without gaps, in the order they were committed."""

    chat = models.ForeignKey(Chat, models.CASCADE, related_name="messages", db_index=False, verbose_name=_("chat"))
    seq = models.PositiveBigIntegerField(_("number"))
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("sender")
    )
    text = models.TextField(_("text"))
    client_id = models.UUIDField(null=True, editable=False)
    created = models.DateTimeField(_("sent"), default=timezone.now, editable=False)

    objects = MessageQuerySet.as_manager()
    is_repeat = False

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["chat", "seq"], name="find_friend_message_seq"),
            models.UniqueConstraint(fields=["chat", "sender", "client_id"], name="find_friend_message_client_id"),
        ]

    def __str__(self) -> str:
        return str(_("Message %(seq)s of chat %(chat)s") % {"seq": self.seq, "chat": self.chat_id})


def erase_messages(instance: Any, **kwargs: Any) -> None:
    """Empty what a user wrote before the user goes, where the site wants that."""
    if app_settings.ERASE_MESSAGES_OF_DELETED_USERS:
        Message.objects.filter(sender=instance.pk).update(text="")
