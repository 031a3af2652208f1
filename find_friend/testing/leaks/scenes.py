"""Two people, what is between them, and what the policy in force says about that."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps

from find_friend import users
from find_friend.policies import policy

from ..factories import create_block, create_chat, create_friend_request, create_friendship


def installed(app: str) -> bool:
    return apps.is_installed(f"find_friend.{app}")


@dataclass
class Scene:
    """``viewer`` asks (None: a guest), ``other`` is asked about, ``third`` has something to do with ``other`` only."""

    relation: str
    viewer: Any
    other: Any
    third: Any
    chat: Any = None  # of the two
    request: Any = None
    foreign_chat: Any = None  # of the other and the third
    foreign_request: Any = None
    signed_in: bool = True
    sees: bool = False
    knows: bool = False
    may_request: bool = False
    may_message: bool = False
    takes_part: bool = False
    has_blocked: bool = False
    may_block: bool = False
    secrets: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # of the other and the third

    @property
    def email(self) -> Any:
        """Whether the site's users have addresses."""
        return users.email_field()

    @property
    def name(self) -> bool:
        """Whether the site's users have names to search for."""
        return users.has_field("first_name")

    def ask_the_policy(self) -> None:
        """What the single answers say: those that every list and every socket has to agree with."""
        if not self.signed_in:
            return
        rules, viewer, other = policy(), self.viewer, self.other
        is_there = getattr(other, "is_active", True)
        self.takes_part = rules.may_take_part(viewer)
        self.sees = is_there and rules.may_see(viewer, other)
        self.knows = is_there and rules.may_know_of(viewer, other)
        self.may_request = self.knows and rules.may_request(viewer, other)
        self.may_message = rules.may_message(viewer, other)
        if installed("friends"):
            from find_friend.exceptions import EmailNotVerified
            from find_friend.friends.models import Block, ensure_block_allowed

            with suppress(EmailNotVerified):
                ensure_block_allowed(viewer, other)
                self.may_block = self.knows
            self.has_blocked = Block.objects.filter(blocker=viewer.pk, blocked=other.pk).exists()


@dataclass(frozen=True)
class Relation:
    """How two people have come to where they are. ``needs`` are the apps without which there is no such relation."""

    relate: Callable[[Scene], None]
    needs: tuple[str, ...] = ()
    signed_in: bool = True


def nothing(scene: Scene) -> None:
    """They have never met."""


def meet(scene: Scene) -> None:
    """They are friends where the site has friends, and have talked where it has chats."""
    if installed("friends"):
        create_friendship(scene.viewer, scene.other)
    if installed("chat"):
        scene.chat = create_chat(scene.viewer, scene.other, ["Hello.", "Good evening."])


def part(scene: Scene) -> None:
    from find_friend.friends.models import Friendship

    meet(scene)
    Friendship.objects.unfriend(by=scene.other, friend=scene.viewer)


def ask(scene: Scene) -> None:
    scene.request = create_friend_request(scene.viewer, scene.other)


def be_asked(scene: Scene) -> None:
    scene.request = create_friend_request(scene.other, scene.viewer)


def block(scene: Scene) -> None:
    meet(scene)
    create_block(scene.viewer, scene.other)


def be_blocked(scene: Scene) -> None:
    meet(scene)
    create_block(scene.other, scene.viewer)


def deactivate(user: Any) -> None:
    """As an administrator's action on many rows does it: no signal is sent."""
    type(user)._default_manager.filter(pk=user.pk).update(is_active=False)
    user.is_active = False


def lose_the_other(scene: Scene) -> None:
    meet(scene)
    deactivate(scene.other)


def lose_the_viewer(scene: Scene) -> None:
    meet(scene)
    deactivate(scene.viewer)


def lose_confirmation(scene: Scene) -> None:
    from find_friend.accounts.models import EmailAddress

    meet(scene)
    EmailAddress.objects.filter(user=scene.viewer).update(verified_at=None)


# What the viewer is to the other.
RELATIONS = {
    "stranger": Relation(nothing),
    "acquaintance": Relation(meet),
    "friend": Relation(meet, needs=("friends",)),
    "ex_friend": Relation(part, needs=("friends",)),
    "requester": Relation(ask, needs=("friends",)),
    "requested": Relation(be_asked, needs=("friends",)),
    "blocker": Relation(block, needs=("friends",)),
    "blocked": Relation(be_blocked, needs=("friends",)),
    "friend_of_deactivated": Relation(lose_the_other, needs=("is_active",)),
    "unconfirmed": Relation(lose_confirmation, needs=("accounts",)),
    "deactivated": Relation(lose_the_viewer, needs=("is_active", "tokens"), signed_in=False),
    "guest": Relation(nothing, signed_in=False),
}


def possible_relations(takes_tokens: bool) -> tuple[str, ...]:
    """Those that the installed apps and the site's user model know."""
    there = {name for name in ("accounts", "friends", "chat") if installed(name)}
    there |= {"tokens"} if takes_tokens else set()
    there |= {"is_active"} if users.has_field("is_active") else set()
    found = [name for name, relation in RELATIONS.items() if there.issuperset(relation.needs)]
    if "friends" in there or "chat" not in there:
        found.remove("acquaintance")
    return tuple(found)
