from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, router, transaction
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, Subquery, Value
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from model_utils.models import TimeStampedModel

from find_friend.exceptions import EmailNotVerified
from find_friend.locks import lock, locked_users
from find_friend.pairs import pair_key
from find_friend.policies import policy
from find_friend.signals import CommitSignal

from .. import delivery, signals
from ..content import reviewed, tell_if_flagged
from ..exceptions import (
    ChatNotThere,
    ClientIdReused,
    MessageNotThere,
    NotFriends,
    NotMember,
    NotSender,
    PostNotAllowed,
    ReceiverNotThere,
    SelfChat,
    TooLate,
)
from .message import Message, MessageEvent

LARGEST_SEQ = 2**63 - 1


def number_in(text: str) -> int | None:
    """The number that a part of an address stands for; None for what is no number, or none of ours."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class ChatQuerySet(models.QuerySet["Chat"]):
    def visible_to(self, user: AbstractBaseUser) -> ChatQuerySet:
        """The chats that ``user`` is a member of."""
        return self.filter(memberships__user=user.pk)

    def find(self, key: str) -> Chat | None:
        """The chat with the key that an address has in it; None also for what is no key."""
        number = number_in(key)
        return None if number is None else self.filter(pk=number).first()

    def asked_by(self, user: AbstractBaseUser) -> ChatQuerySet:
        """Adds ``is_member``: whether ``user`` is a member of the chat."""
        return self.annotate(is_member=Exists(Membership.objects.filter(chat=OuterRef("pk"), user=user.pk)))

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

    async def adirect(self, *, by: AbstractBaseUser, to: AbstractBaseUser) -> tuple[Chat, bool]:
        return await sync_to_async(self.direct)(by=by, to=to)


class Chat(TimeStampedModel):
    """A conversation. Direct ones, of an initiator and a receiver, have a pair key; it outlives its members.

    ``modified`` is the time of the newest message. ``last_seq`` counts messages, ``last_event`` edits and deletions.
    """

    initiator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("initiator")
    )
    receiver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("receiver")
    )
    pair_key = models.CharField(max_length=64, null=True, unique=True, editable=False)
    last_seq = models.PositiveBigIntegerField(_("messages"), default=0, editable=False)
    last_event = models.PositiveBigIntegerField(_("changes of messages"), default=0, editable=False)

    objects = ChatQuerySet.as_manager()
    is_member: bool  # added by asked_by

    class Meta:
        verbose_name = _("chat")
        verbose_name_plural = _("chats")

    def __str__(self) -> str:
        return str(_("Chat %(number)s") % {"number": self.pk})

    def post(self, *, by: AbstractBaseUser, text: str, client_id: UUID | None = None) -> Message:
        """Store a message and, once that is committed, tell everybody who is connected.

        The same ``client_id`` again gives the message it gave before, with ``is_repeat`` set.
        Raises ChatNotThere, NotMember, PostNotAllowed, EmailNotVerified, ClientIdReused, ContentRefused.
        """
        using = router.db_for_write(Chat)
        text = reviewed(text, sender=by.pk, chat=self.pk)
        with transaction.atomic(using=using):
            self.lock()
            self.ensure_open_to(by)
            if client_id is not None and (repeat := self._repeat(by, text, client_id)):
                return repeat
            now = timezone.now()
            self.last_seq, self.modified = self.last_seq + 1, now
            message = Message.objects.create(
                chat=self, seq=self.last_seq, sender_id=by.pk, text=str(text), client_id=client_id, created=now
            )
            Chat.objects.filter(pk=self.pk).update(last_seq=message.seq, modified=now)
            self.memberships.filter(user=by.pk).update(read_seq=message.seq)
            transaction.on_commit(lambda: delivery.publish(message), using=using, robust=True)
            signals.message_posted.send_on_commit(Message, message=message)
            tell_if_flagged(message, text)
        return message

    async def apost(self, *, by: AbstractBaseUser, text: str, client_id: UUID | None = None) -> Message:
        return await sync_to_async(self.post)(by=by, text=text, client_id=client_id)

    def lock(self) -> None:
        """Hold the chat until the transaction ends, and read it anew. Raises ChatNotThere."""
        lock(Chat.objects.filter(pk=self.pk))
        self.reread()

    def reread(self) -> None:
        """Read what may have changed since. Raises ChatNotThere."""
        try:
            self.refresh_from_db(fields=["last_seq", "last_event", "initiator", "receiver"])
        except Chat.DoesNotExist:
            raise ChatNotThere from None

    def _repeat(self, by: AbstractBaseUser, text: str, client_id: UUID) -> Message | None:
        message = self.messages.filter(sender=by.pk, client_id=client_id).first()
        if message is not None:
            if message.text != text and not message.is_changed:  # of a changed one nobody knows the first text
                raise ClientIdReused
            message.is_repeat = True
        return message

    def edit(self, *, by: AbstractBaseUser, seq: int, text: str) -> Message:
        """Give a message of one's own another text and tell everybody who is connected; the same text changes nothing.

        Raises what ``post`` raises about the chat, and MessageNotThere, NotSender, TooLate.
        """
        text = reviewed(text, sender=by.pk, chat=self.pk)
        with transaction.atomic(using=router.db_for_write(Chat)):
            message = self._own_message(by, seq)
            if message.deleted_at is not None:
                raise MessageNotThere
            if message.text != text:
                self._change(message, signals.message_edited, text=str(text), edited_at=timezone.now())
                tell_if_flagged(message, text)
        return message

    async def aedit(self, *, by: AbstractBaseUser, seq: int, text: str) -> Message:
        return await sync_to_async(self.edit)(by=by, seq=seq, text=text)

    def erase(self, *, by: AbstractBaseUser, seq: int) -> Message:
        """Empty a message of one's own, which keeps its place, and tell everybody; a second time changes nothing.

        Raises what ``edit`` raises.
        """
        with transaction.atomic(using=router.db_for_write(Chat)):
            message = self._own_message(by, seq)
            if message.deleted_at is None:
                self._change(message, signals.message_deleted, text="", deleted_at=timezone.now())
        return message

    async def aerase(self, *, by: AbstractBaseUser, seq: int) -> Message:
        return await sync_to_async(self.erase)(by=by, seq=seq)

    def _own_message(self, by: AbstractBaseUser, seq: int) -> Message:
        """Lock the chat, and give one of its messages to the one who may change it."""
        self.lock()
        self.ensure_open_to(by)
        return self.own_message(by, seq)

    def own_message(self, by: AbstractBaseUser, seq: int) -> Message:
        """A message that ``by`` has sent. Raises MessageNotThere, NotSender."""
        message = self.messages.filter(seq=seq).first()
        if message is None:
            raise MessageNotThere
        if message.sender_id != by.pk:
            raise NotSender
        return message

    def _change(self, message: Message, signal: CommitSignal, **values: Any) -> None:
        if not message.is_in_time:
            raise TooLate
        message.chat = self
        for name, value in values.items():
            setattr(message, name, value)
        message.save(update_fields=list(values))
        self.last_event += 1
        Chat.objects.filter(pk=self.pk).update(last_event=self.last_event)
        message.event, _created = MessageEvent.objects.update_or_create(
            message=message, defaults={"chat": self, "number": self.last_event}
        )
        using = router.db_for_write(Chat)
        transaction.on_commit(lambda: delivery.publish_change(message), using=using, robust=True)
        signal.send_on_commit(Message, message=message)

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

    def other_key(self, user: AbstractBaseUser) -> Any:
        """The key of that member, without a look at the database."""
        return self.receiver_id if self.initiator_id == user.pk else self.initiator_id

    async def aother(self, user: AbstractBaseUser) -> Any:
        return await sync_to_async(self.other)(user)

    def history(self) -> models.QuerySet[Message]:
        """The newest messages, newest first, as many as CHAT_HISTORY_SIZE says."""
        return self.messages.all().newest()

    def read(self, *, by: AbstractBaseUser, seq: int) -> Membership:
        """Mark everything up to message number ``seq`` as read; the mark never moves back. Raises NotMember."""
        last = Chat.objects.filter(pk=self.pk).values("last_seq")
        reached = Least(Value(seq, models.BigIntegerField()), Subquery(last), output_field=models.BigIntegerField())
        moved = self.memberships.filter(user=by.pk, read_seq__lt=reached).update(read_seq=reached)
        membership = self.membership(by)
        if moved:
            news = partial(delivery.publish_read, self.pk, by.pk, membership.read_seq)
            transaction.on_commit(news, using=router.db_for_write(Membership), robust=True)
            signals.chat_read.send_on_commit(Chat, chat=self, user=by, seq=membership.read_seq)
        return membership

    async def aread(self, *, by: AbstractBaseUser, seq: int) -> Membership:
        return await sync_to_async(self.read)(by=by, seq=seq)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def of(self, user: AbstractBaseUser) -> MembershipQuerySet:
        """The places of ``user``, newest activity first, each with its chat and ``last_message_id``."""
        mine = self.with_last_message().filter(user=user.pk).select_related("chat")
        return mine.annotate(last_message_id=F("find_friend_last__pk")).order_by("-chat__modified", "-chat_id")

    def unread_of(self, user: AbstractBaseUser) -> MembershipQuerySet:
        """The places of ``user`` in chats that have messages which ``user`` has not seen."""
        return self.filter(user=user.pk, read_seq__lt=F("chat__last_seq"))

    def with_last_message(self) -> MembershipQuerySet:
        """Joins the newest message as ``find_friend_last``: by its number, so that each chat costs one index lookup."""
        newest = Q(chat__messages__seq=F("chat__last_seq"))
        return self.annotate(find_friend_last=FilteredRelation("chat__messages", condition=newest))


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
