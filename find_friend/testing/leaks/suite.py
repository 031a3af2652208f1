from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import SkipTest

from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction
from django.test import override_settings
from django.urls import reverse

from find_friend.conf import DEFINITIONS
from find_friend.exceptions import NotAllowed
from find_friend.kinds import configured

from ..clients import api_client, takes_tokens
from ..factories import create_chat, create_friend_request, create_user
from ..sockets import V1, Refused, chat_socket
from . import traces
from .calls import CALLS, Call
from .scenes import RELATIONS, Relation, Scene, installed, possible_relations

MOST_PAGES = 50


class Suite:
    """What both kinds of tests share, and a site may override.

    ``relations`` adds to the relations of two people that are tried, or replaces one. Each has a name, and a function
    that gets the scene and makes what is between ``scene.viewer`` and ``scene.other``.
    """

    relations: dict[str, Callable[[Scene], None]] = {}

    def create_user(self, who: str, **fields: Any) -> Any:
        """The ``viewer``, ``other`` or ``third`` of a scene, or ``nobody``. ``fields`` are what is looked for."""
        return create_user(**fields)

    def client_for(self, user: Any) -> Any:
        """An HTTP client that is signed in as ``user``; None is a guest."""
        return api_client(user)

    def every_relation(self) -> dict[str, Relation]:
        ours = {name: RELATIONS[name] for name in possible_relations(takes_tokens())}
        return {**ours, **{name: Relation(relate) for name, relate in type(self).relations.items()}}

    def set_scene(self, name: str, relation: Relation) -> tuple[Scene, Any]:
        """A scene and the client of its viewer."""
        people = {who: self.create_user(who, **traces.telling_values(who)) for who in ("viewer", "other", "third")}
        traces.give_a_past(people["other"])
        traces.give_a_past(people["third"])
        scene = Scene(name, signed_in=relation.signed_in, **people)
        if installed("accounts"):
            self.confirm(scene)
        if installed("friends"):
            scene.foreign_request = create_friend_request(scene.other, scene.third)
        if installed("chat"):
            scene.foreign_chat = create_chat(scene.third, scene.other, ["Hello.", "Good evening."])
        client = self.client_for(None if name == "guest" else scene.viewer)
        relation.relate(scene)
        scene.ask_the_policy()
        return scene, client

    def confirm(self, scene: Scene) -> None:
        from find_friend.accounts.models import AuthToken, EmailAddress

        for user in (scene.viewer, scene.other, scene.third):
            EmailAddress.objects.verify(user)
        for user in (scene.other, scene.third):
            AuthToken.objects.issue(user)

    @contextmanager
    def as_in_a_test(self) -> Iterator[None]:
        """The site's settings without its rate limits."""
        rates = dict.fromkeys(DEFINITIONS["THROTTLE_RATES"].default)
        with override_settings(FIND_FRIEND={**configured(), "THROTTLE_RATES": rates}):
            yield

    def report(self, leaks: list[str]) -> None:
        if leaks:
            raise AssertionError("\n".join(["The answers and the policy do not agree:", *leaks]))


class HttpLeaks(Suite):
    """Every endpoint, called by people who are something different to the person it is about.

    Nobody whom the policy hides is in a list, a card, a search, a chat or the text of an error; nobody whom it shows
    is left out; addresses, birthdays, places, user names, passwords and tokens of others are nowhere; a refusal changes
    no row.
    """

    def test_no_endpoint_tells_more_than_the_policy(self) -> None:
        leaks: list[str] = []
        with self.as_in_a_test():
            for name, relation in self.every_relation().items():
                with transaction.atomic():
                    scene, client = self.set_scene(name, relation)
                    leaks += (f"{name}: {leak}" for leak in self.leaks_of(scene, client))
                    transaction.set_rollback(True)
        self.report(leaks)

    def leaks_of(self, scene: Scene, client: Any) -> Iterator[str]:
        before = traces.rows()
        scene.secrets = {who: list(traces.secrets_of(getattr(scene, who))) for who in ("other", "third")}
        nobody = self.create_user("nobody", **traces.telling_values("nobody"))
        type(nobody)._default_manager.filter(pk=nobody.pk).delete()
        for app, calls in CALLS.items():
            for call in calls if installed(app) else ():
                if not call.needs or getattr(scene, call.needs):
                    with transaction.atomic():
                        found = list(Inquiry(scene, client, call, before).leaks(nobody))
                        transaction.set_rollback(True)
                    yield from (f"{call}: {leak}" for leak in found)


class Inquiry:
    """One call in one scene."""

    def __init__(self, scene: Scene, client: Any, call: Call, before: dict[str, list[str]]) -> None:
        self.scene, self.client, self.call, self.before = scene, client, call, before

    def send(self, other: Any) -> Any:
        call, scene = self.call, self.scene
        address = reverse(call.name, args=call.args(scene, other))
        query = call.query(scene, other)
        data = call.data(scene, other)
        method = getattr(self.client, call.method)
        return method(f"{address}?{query}" if query else address, data, format=None if data is None else "json")

    def leaks(self, nobody: Any) -> Iterator[str]:
        answer = self.send(self.scene.other)
        status = answer.status_code
        if status not in self.expected():
            wanted = " or ".join(map(str, sorted(self.expected())))
            yield f"answers {status} where the policy wants {wanted}"
        if status >= 400:
            yield from (f"is refused and changes {label}" for label in self.changed())
        text = answer.content.decode() + "".join(self.next_pages(answer))
        yield from self.told(text, refused=status >= 400)
        if status == 200 and self.call.lists is not None and self.call.lists(self.scene) and not self.is_shown(text):
            yield "leaves out somebody whom the policy shows"
        if self.call.about_other and status in ({404} if not self.call.guest else self.expected()):
            same = self.send(nobody)
            if (same.status_code, same.content) != (status, answer.content):
                yield "answers in other words than for somebody who does not exist"

    def expected(self) -> set[int]:
        if not self.call.guest:
            if not self.scene.signed_in:
                return {401}
            if self.call.takes_part and not self.scene.takes_part:
                return {403}
        return self.call.statuses(self.scene)

    def changed(self) -> list[str]:
        return [label for label, rows in traces.rows().items() if rows != self.before[label]]

    def next_pages(self, answer: Any) -> Iterator[str]:
        for _page in range(MOST_PAGES):  # pragma: no branch - a site whose pages never end is no reason to hang
            body = answer.json() if answer.content and answer.status_code == 200 else None
            following = body.get("next") if isinstance(body, dict) else None
            if not following:
                return
            answer = self.client.get(following)
            yield answer.content.decode()

    def is_shown(self, text: str) -> bool:
        names = traces.names_of(self.scene.other)
        return not names or any(name in text for name in names)

    def told(self, text: str, *, refused: bool) -> Iterator[str]:
        scene, call = self.scene, self.call
        if traces.names_of(scene.other) and self.is_shown(text) and not call.names(scene):
            yield "names somebody whom the policy hides"
        for who, secrets in scene.secrets.items():
            may_read = who == "other" and call.shows_email and scene.sees and not refused
            email = traces.email_of(getattr(scene, who))
            if email and email in text and not may_read:
                yield "shows the e-mail address of somebody else"
            yield from (f"shows the {what} of somebody else" for what, secret in secrets if secret in text)


class SocketLeaks(Suite):
    """Sockets of both protocols, opened by the same people.

    They open, take messages and bring those of the other member where the policy lets the two talk, and nowhere else.
    """

    def test_no_socket_tells_more_than_the_policy(self) -> None:
        if not installed("chat"):
            raise SkipTest("find_friend.chat is not installed.")
        with self.as_in_a_test():
            self.report(async_to_sync(self.every_leak)())

    async def every_leak(self) -> list[str]:
        leaks: list[str] = []
        for name, relation in self.every_relation().items():
            scene, _client = await sync_to_async(self.set_scene)(name, relation)
            for rich in (False, True):
                protocol = V1 if rich else "plain protocol"
                leaks += [f"{name}: {protocol}: {leak}" for leak in await self.leaks_of(scene, rich=rich)]
        return leaks

    async def leaks_of(self, scene: Scene, *, rich: bool) -> list[str]:
        allowed = scene.signed_in and scene.chat is not None and scene.takes_part and scene.may_message
        user = None if scene.relation == "guest" else scene.viewer
        try:
            async with chat_socket(scene.chat or scene.foreign_chat, user, rich=rich) as socket:
                if not allowed:
                    return ["lets somebody in whom the policy keeps out"]
                return await self.leaks_of_open(scene, socket)
        except Refused as refusal:
            return [f"keeps somebody out ({refusal.code}) whom the policy lets in"] if allowed else []

    async def leaks_of_open(self, scene: Scene, socket: Any) -> list[str]:
        leaks = []
        await socket.post("Is this heard?")
        if not await self.hears(socket, "Is this heard?"):
            leaks.append("takes no message of somebody whom the policy lets write")
        try:
            await sync_to_async(scene.chat.post)(by=scene.other, text="Loud and clear.")
        except NotAllowed:
            return leaks  # of a policy that lets only one of them write
        if not await self.hears(socket, "Loud and clear."):
            leaks.append("does not bring the message of the other")
        return leaks

    async def hears(self, socket: Any, text: str) -> bool:
        """Whether a message comes, after those of the history."""
        try:
            while (await socket.message())["text"] != text:
                pass
        except (TimeoutError, Refused):
            return False
        return True
