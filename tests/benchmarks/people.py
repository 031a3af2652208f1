"""Users, friendships, chats and tokens by the thousand, through the models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

SIZE = 1000


@dataclass(frozen=True)
class Pair:
    """A chat and the keys of its two members."""

    chat: int
    keys: tuple[str, str]


def make_pairs(number: int, *, history: int = 0) -> list[Pair]:
    return [pair for at in range(0, number, SIZE) for pair in make_some(min(SIZE, number - at), history)]


def make_some(number: int, history: int) -> list[Pair]:
    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import make_password
    from django.db import transaction
    from django.utils import timezone

    from find_friend.accounts.models import AuthToken
    from find_friend.chat.models import Chat, Membership, Message
    from find_friend.fingerprints import fingerprint, new_secret, secret_digest
    from find_friend.friends.models import Friendship
    from find_friend.pairs import pair_key

    User: Any = get_user_model()
    first, password, end = User.objects.count(), make_password("secret"), timezone.now() + timedelta(days=1)
    with transaction.atomic():
        users = User.objects.bulk_create(
            User(username=f"member{each}", email=f"member{each}@example.com", password=password)
            for each in range(first, first + 2 * number)
        )
        couples = list(zip(users[::2], users[1::2], strict=True))
        Friendship.objects.bulk_create(
            Friendship(user=user, friend=friend, pair_key=pair_key(user, friend))
            for one, other in couples
            for user, friend in ((one, other), (other, one))
        )
        chats = Chat.objects.bulk_create(
            Chat(initiator=one, receiver=other, pair_key=pair_key(one, other), last_seq=history)
            for one, other in couples
        )
        Membership.objects.bulk_create(
            Membership(chat=chat, user=user, read_seq=history)
            for chat, couple in zip(chats, couples, strict=True)
            for user in couple
        )
        Message.objects.bulk_create(
            (
                Message(chat=chat, seq=seq, sender=couple[seq % 2], text=f"history {seq} ".ljust(64, "x"))
                for chat, couple in zip(chats, couples, strict=True)
                for seq in range(1, history + 1)
            ),
            batch_size=5000,
        )
        keys = {user.pk: f"ff_{new_secret()}" for user in users}
        AuthToken.objects.bulk_create(
            AuthToken(digest=secret_digest(keys[user.pk]), user=user, fingerprint=fingerprint(user), expires_at=end)
            for user in users
        )
    return [Pair(chat.pk, (keys[one.pk], keys[other.pk])) for chat, (one, other) in zip(chats, couples, strict=True)]


def last_seqs(pairs: list[Pair]) -> int:
    """How many messages these chats have, by their own counters."""
    from django.db.models import Sum

    from find_friend.chat.models import Chat

    return Chat.objects.filter(pk__in=[pair.chat for pair in pairs]).aggregate(total=Sum("last_seq"))["total"] or 0


def wrong_numbers() -> list[int]:
    """The chats whose messages are not numbered 1..n with n their ``last_seq``."""
    from django.db.models import Count, Max, Min

    from find_friend.chat.models import Chat

    found = Chat.objects.annotate(
        rows=Count("messages"), lowest=Min("messages__seq"), highest=Max("messages__seq"),
        numbers=Count("messages__seq", distinct=True),
    ).values_list("pk", "last_seq", "rows", "lowest", "highest", "numbers")  # fmt: skip
    return [
        pk
        for pk, last, rows, lowest, highest, numbers in found
        if not (rows == numbers == last == (highest or 0)) or (rows and lowest != 1)
    ]
