"""Every endpoint of the package as one person may call it about another, and which answers a policy allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from find_friend import users

from .scenes import Scene

Build = Callable[[Scene, Any], Any]  # of a scene and the user who is asked about


def refused_unless(allowed: bool, *statuses: int, hidden: bool = False) -> set[int]:
    """404 where the other is hidden, ``statuses`` where it is allowed, else 403."""
    return {404} if hidden else set(statuses) if allowed else {403}


@dataclass(frozen=True)
class Call:
    """``statuses``: what may be answered to somebody who is signed in. ``lists``: whether the other has to be there."""

    name: str
    method: str = "get"
    args: Build = lambda scene, other: ()
    data: Build = lambda scene, other: None
    query: Build = lambda scene, other: ""
    statuses: Callable[[Scene], set[int]] = lambda scene: {200}
    needs: str = ""  # attribute of the scene without which there is nothing to ask for
    takes_part: bool = False  # kept from those who may not take part
    guest: bool = False  # answers everybody alike
    about_other: bool = False  # is refused in the same words where there is no such user at all
    lists: Callable[[Scene], bool] | None = None
    shows_email: bool = False  # chats show members with their addresses
    names: Callable[[Scene], bool] = lambda scene: scene.sees  # whether the other may be named

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.name}"


def pk(scene: Scene, other: Any) -> tuple[Any, ...]:
    return (other.pk,)


def by_email(**more: Any) -> Build:
    return lambda scene, other: {"email": email_of(other), **more}


def email_of(user: Any) -> str:
    return getattr(user, str(users.email_field()))


def link(**more: Any) -> Build:
    return lambda scene, other: {"uid": str(other.pk), "token": "wrong", **more}


def always(*statuses: int) -> Callable[[Scene], set[int]]:
    return lambda scene: set(statuses)


def seen(*statuses: int) -> Callable[[Scene], set[int]]:
    return lambda scene: refused_unless(scene.sees, *statuses, hidden=not scene.sees)


def are_friends(scene: Scene) -> bool:
    from find_friend.friends.models import Friendship

    return scene.sees and Friendship.objects.of(scene.viewer).filter(friend=scene.other.pk).exists()


def asking_for(direction: str) -> Build:
    return lambda scene, other: f"direction={direction}"


def listed_request(direction: str) -> Callable[[Scene], bool]:
    def is_listed(scene: Scene) -> bool:
        from find_friend.friends.models import FriendRequest

        person = {"incoming": "to_user", "outgoing": "from_user"}[direction]
        other = {"incoming": "from_user", "outgoing": "to_user"}[direction]
        sent = FriendRequest.objects.filter(**{person: scene.viewer.pk, other: scene.other.pk})
        return scene.sees and sent.exists()

    return is_listed


def sees_member(scene: Scene) -> bool:
    return scene.sees and scene.chat is not None


def answers(action: str) -> Iterable[Call]:
    """Answers to the request of the two, which only one of them can give, and to a request between others."""

    def statuses(scene: Scene) -> set[int]:
        is_recipient = scene.request.to_user_id == scene.viewer.pk
        allowed = {200, 403} if action == "accept" else {200}  # the policy is asked about the sender once more
        return refused_unless(is_recipient == (action != "withdraw"), *allowed, hidden=not scene.sees)

    name = f"find_friend_friends:friend-request-{action}"
    yield Call(
        name,
        "post",
        needs="request",
        args=lambda scene, other: (scene.request.pk,),
        statuses=statuses,
        takes_part=True,
    )
    yield Call(
        name,
        "post",
        needs="foreign_request",
        args=lambda scene, other: (scene.foreign_request.pk,),
        statuses=always(404),
        takes_part=True,
    )


def chat_args(*more: Any, of: str = "chat") -> Build:
    return lambda scene, other: (getattr(scene, of).pk, *more)


def of_foreign_chat(name: str, method: str = "get", *more: Any, **data: Any) -> Call:
    return Call(
        f"find_friend_chat:{name}",
        method,
        needs="foreign_chat",
        args=chat_args(*more, of="foreign_chat"),
        data=lambda scene, other: data or None,
        statuses=always(403),
        takes_part=True,
    )


ACCOUNTS = (
    Call("find_friend_accounts:user-list", takes_part=True, lists=lambda scene: scene.sees),
    Call(
        "find_friend_accounts:user-list",
        query=lambda scene, other: f"search={other.first_name}",
        needs="name",
        takes_part=True,
        lists=lambda scene: scene.sees,
    ),
    Call("find_friend_accounts:user-list", "post", data=by_email(), guest=True, statuses=always(400)),
    Call("find_friend_accounts:user-detail", args=pk, takes_part=True, about_other=True, statuses=seen(200)),
    Call("find_friend_accounts:user-me"),
    Call("find_friend_accounts:user-me", "patch", data=lambda scene, other: {}),
    Call(
        "find_friend_accounts:user-me",
        "delete",
        data=lambda scene, other: {"current_password": "wrong"},
        statuses=always(400),
    ),
    Call(
        "find_friend_accounts:user-set-password",
        "post",
        data=lambda scene, other: {"current_password": "wrong", "new_password": "a whole new phrase"},
        statuses=always(400),
    ),
    Call("find_friend_accounts:user-reset-password", "post", data=by_email(), guest=True, statuses=always(204)),
    Call(
        "find_friend_accounts:user-reset-password-confirm",
        "post",
        data=link(new_password="a whole new phrase"),  # noqa: S106
        guest=True,
        statuses=always(400),
    ),
    Call("find_friend_accounts:user-verify-email", "post", data=link(), guest=True, statuses=always(400)),
    Call("find_friend_accounts:user-resend-verification", "post", statuses=always(204)),
    Call(
        "find_friend_accounts:user-change-email",
        "post",
        data=lambda scene, other: {"current_password": "wrong", "new_email": email_of(other)},
        statuses=always(400),
    ),
    Call("find_friend_accounts:user-change-email-confirm", "post", data=link(), guest=True, statuses=always(400)),
    Call(
        "find_friend_accounts:token-login",
        "post",
        data=by_email(password="wrong"),  # noqa: S106
        guest=True,
        about_other=True,
        statuses=always(400),
    ),
    Call("find_friend_accounts:token-logout", "post", statuses=always(204)),
    Call("find_friend_accounts:token-logout-all", "post", statuses=always(204)),
    Call("find_friend_accounts:token-list"),
    Call(
        "find_friend_accounts:token-detail",
        "delete",
        args=lambda scene, other: (scene.other.find_friend_tokens.first().pk,),
        statuses=always(404),
    ),
    Call("find_friend_accounts:interest-list"),
    Call("find_friend_accounts:city-list"),
)
FRIENDS = (
    *(
        Call(
            "find_friend_friends:friend-request-list",
            query=asking_for(direction),
            takes_part=True,
            lists=listed_request(direction),
        )
        for direction in ("incoming", "outgoing")
    ),
    Call(
        "find_friend_friends:friend-request-list",
        "post",
        data=lambda scene, other: {"to_user": other.pk},
        takes_part=True,
        about_other=True,
        statuses=lambda scene: refused_unless(scene.may_request, 200, 201, 409, hidden=not scene.knows),
    ),
    *answers("accept"),
    *answers("decline"),
    *answers("withdraw"),
    Call("find_friend_friends:friend-list", lists=are_friends),
    Call("find_friend_friends:friend-detail", "delete", args=pk, about_other=True, statuses=always(204, 404)),
    Call("find_friend_friends:block-list", names=lambda scene: scene.sees or scene.has_blocked),
    Call(
        "find_friend_friends:block-list",
        "post",
        data=lambda scene, other: {"user": other.pk},
        about_other=True,
        names=lambda scene: scene.may_block,  # whom one may shut out one finds in the list of those
        statuses=lambda scene: refused_unless(scene.may_block, 200, 201, hidden=not scene.knows),
    ),
    Call("find_friend_friends:block-detail", "delete", args=pk, about_other=True, statuses=always(204, 404)),
)
CHAT = (
    Call("find_friend_chat:chat-list", takes_part=True, shows_email=True, lists=sees_member),
    Call(
        "find_friend_chat:chat-start",
        "post",
        data=by_email(),
        takes_part=True,
        needs="email",
        about_other=True,
        shows_email=True,
        names=lambda scene: scene.knows,  # a refusal says with whom one is not friends
        statuses=lambda scene: refused_unless(scene.may_message, 200, 302, hidden=not scene.knows),
    ),
    Call(
        "find_friend_chat:chat-detail",
        needs="chat",
        args=chat_args(),
        takes_part=True,
        shows_email=True,
        lists=sees_member,
    ),
    Call("find_friend_chat:chat-messages", needs="chat", args=chat_args(), takes_part=True),
    Call(
        "find_friend_chat:chat-messages",
        "post",
        needs="chat",
        args=chat_args(),
        data=lambda scene, other: {"text": "And you?"},
        takes_part=True,
        statuses=lambda scene: refused_unless(scene.may_message, 201),
    ),
    *(
        Call(
            "find_friend_chat:chat-message",
            method,
            needs="chat",
            args=chat_args(2),
            data=lambda scene, other: {"text": "Changed."},
            takes_part=True,
            statuses=always(403),
        )
        for method in ("patch", "delete")
    ),
    Call(
        "find_friend_chat:chat-read",
        "post",
        needs="chat",
        args=chat_args(),
        data=lambda scene, other: {"seq": 1},
        takes_part=True,
    ),
    of_foreign_chat("chat-detail"),
    of_foreign_chat("chat-messages"),
    of_foreign_chat("chat-messages", "post", text="And you?"),
    of_foreign_chat("chat-message", "patch", 1, text="Changed."),
    of_foreign_chat("chat-message", "delete", 1),
    of_foreign_chat("chat-read", "post", seq=1),
    Call("find_friend_chat:chat-privacy", takes_part=True),
    Call("find_friend_chat:chat-privacy", "patch", data=lambda scene, other: {"typing": False}, takes_part=True),
    Call("find_friend_chat:ws-ticket", "post", takes_part=True),
)
CALLS = {"accounts": ACCOUNTS, "friends": FRIENDS, "chat": CHAT}
