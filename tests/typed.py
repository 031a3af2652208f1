"""What a type checker of a site sees of the public calls: ``mypy tests/typed.py``, part of ``tox -e types``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User

from find_friend.accounts.models import AuthToken, EmailAddress, Profile
from find_friend.chat.models import Chat, Membership, Message, Privacy, Ticket
from find_friend.friends.models import Block, FriendRequest, Friendship

if TYPE_CHECKING:
    from typing_extensions import assert_type


async def friends(ann: User, bob: User) -> None:
    request = assert_type(await FriendRequest.objects.asend(by=ann, to=bob), FriendRequest)
    assert_type(FriendRequest.objects.send(by=ann, to=bob), FriendRequest)
    await request.aaccept(by=bob)
    await request.adecline(by=bob)
    await request.awithdraw(by=ann)
    assert_type(await Friendship.objects.abefriend(ann, bob), bool)
    assert_type(await Friendship.objects.aunfriend(by=ann, friend=bob), bool)
    assert_type(await Block.objects.ablock(by=ann, user=bob), tuple[Block, bool])
    assert_type(await Block.objects.alift(by=ann, user=bob), bool)


async def chat(ann: User, bob: User) -> None:
    found, created = await Chat.objects.adirect(by=ann, to=bob)
    assert_type(found, Chat)
    assert_type(created, bool)
    message = assert_type(await found.apost(by=ann, text="Hello!"), Message)
    assert_type(await found.aedit(by=ann, seq=message.seq, text="Hello"), Message)
    assert_type(await found.aerase(by=ann, seq=message.seq), Message)
    assert_type(await found.aread(by=bob, seq=message.seq), Membership)
    assert_type(await found.aother(ann), Any)
    assert_type(await Privacy.objects.aof(ann), Privacy)
    assert_type(await Privacy.objects.achoose(ann, typing=False), Privacy)
    assert_type(await Ticket.objects.aissue(user=ann), str)


async def accounts(ann: User) -> None:
    token, key = await AuthToken.objects.aissue(ann, "phone")
    assert_type(token, AuthToken)
    assert_type(key, str)
    await token.arevoke()
    await AuthToken.objects.arevoke_all(ann)
    assert_type(await EmailAddress.objects.auser_for("ann@example.com"), Any)
    assert_type(await EmailAddress.objects.ais_verified(ann), bool)
    await EmailAddress.objects.averify(ann)
    assert_type(await Profile.objects.aof(ann), Profile)
    assert_type(await Profile.objects.achange(ann, about="Hello!"), Profile)
