"""Who may do what: one table over roles, routes and methods.

Each cell says which status a role gets. A route or method without a row fails the suite, and so does an answer that
shows what its reader may not see, or a refusal that changes a row.
"""

from dataclasses import dataclass, field
from datetime import date
from itertools import product

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test import TestCase, override_settings
from django.urls import URLPattern, get_resolver, reverse
from rest_framework.test import APIClient

from find_friend.accounts.models import AuthToken, City, Profile
from find_friend.chat.models import Chat
from find_friend.conf import app_settings
from find_friend.friends.models import Block, FriendRequest, Friendship

GUESTS = ("guest", "expired", "deactivated")
PEOPLE = (
    "user",
    "requester",
    "requested",
    "friend",
    "ex_friend",
    "blocker",
    "blocked",
    "member",
    "ex_member",
    "blocked_member",
    "staff",
    "viewer",
    "superuser",
)
ROLES = (*GUESTS, *PEOPLE)
METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
SECRETS = ("ann.secret@example.com", "1991-02-03", "55.7512", "37.6184", "correct horse battery", "ann-user-name")


@dataclass
class Route:
    """``cells`` is the status of everybody who is signed in, by method, or statuses by role with ``*`` for the rest."""

    name: str
    cells: dict
    args: tuple = ()
    body: dict = field(default_factory=dict)
    guest: tuple = ()  # methods that answer everybody alike
    shows_email: tuple = ()  # roles who may read the owner's address here


def others(status, **roles):
    return {"*": status, **roles}


MEMBERS = {"member": 200, "ex_member": 200, "blocked_member": 200}
WATCHERS = {"viewer": 200, "superuser": 200}
FRIENDS = ("friend", "member")

ROUTES = [
    Route("user-list", {"get": 200, "post": 400}, guest=("post",)),
    Route("user-detail", {"get": others(200, blocker=404, blocked=404, blocked_member=404)}, args=("owner",)),
    Route("user-me", {"get": 200, "patch": 200, "delete": 400}),
    Route("user-set-password", {"post": 400}),
    Route("user-reset-password", {"post": 400}, guest=("post",)),
    Route("user-reset-password-confirm", {"post": 400}, guest=("post",)),
    Route("user-verify-email", {"post": 400}, guest=("post",)),
    Route("user-resend-verification", {"post": 204}),
    Route("user-change-email", {"post": 400}),
    Route("user-change-email-confirm", {"post": 400}, guest=("post",)),
    Route("token-login", {"post": 400}, guest=("post",)),
    Route("token-logout", {"post": 204}),
    Route("token-logout-all", {"post": 204}),
    Route("token-list", {"get": 200}),
    Route("token-detail", {"delete": 404}, args=("token",)),
    Route("interest-list", {"get": 200}),
    Route("city-list", {"get": 200}),
    Route(
        "friend-request-list",
        {
            "get": 200,
            "post": others(
                201,
                requester=200,
                requested=200,
                friend=409,
                member=409,
                blocker=403,
                blocked=404,
                blocked_member=404,
            ),
        },
        body={"to_user": "owner"},
    ),
    Route("friend-request-accept", {"post": others(404, requested=200, requester=403)}, args=("request",)),
    Route("friend-request-decline", {"post": others(404, requested=200, requester=403)}, args=("request",)),
    Route("friend-request-withdraw", {"post": others(404, requested=403, requester=200)}, args=("request",)),
    Route("friend-list", {"get": 200}),
    Route("friend-detail", {"delete": others(404, **dict.fromkeys(FRIENDS, 204))}, args=("owner",)),
    Route(
        "block-list",
        {"get": 200, "post": others(201, blocker=200, blocked=404, blocked_member=404)},
        body={"user": "owner"},
    ),
    Route("block-detail", {"delete": others(404, blocker=204)}, args=("owner",)),
    Route("chat-list", {"get": 200}, shows_email=("member", "ex_member")),
    Route(
        "chat-start",
        {"post": others(403, friend=200, member=302, blocked=404, blocked_member=404)},
        body={"email": "email"},
        shows_email=("friend",),
    ),
    Route(
        "chat-detail",
        {"get": others(403, **MEMBERS, **WATCHERS)},
        args=("chat",),
        shows_email=("member", "ex_member", *WATCHERS),
    ),
    Route(
        "chat-messages",
        {"get": others(403, **MEMBERS, **WATCHERS), "post": others(403, member=201)},
        args=("chat",),
        body={"text": "hello"},
    ),
    Route(
        "chat-message",
        {"patch": others(403, member=200), "delete": others(403, member=204)},
        args=("chat", "2"),
        body={"text": "hello"},
    ),
    Route("chat-privacy", {"get": 200, "patch": 200}, body={"typing": False}),
    Route("chat-read", {"post": others(403, **MEMBERS)}, args=("chat",), body={"seq": 1}),
    Route("ws-ticket", {"post": 200}),
]


def every_route():
    """Names of all routes of the API, with the methods their views answer. Pages have tests of their own."""

    def walk(patterns):
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                yield pattern
            else:
                yield from walk(pattern.url_patterns)

    for pattern in walk(get_resolver().url_patterns):
        module = getattr(pattern.callback, "__module__", "")
        cls = getattr(pattern.callback, "cls", None)
        if (
            cls is None
            or not cls.__module__.startswith("find_friend.")
            or {"openapi", "pages"} & {*cls.__module__.split(".")}
        ):
            continue
        actions = getattr(pattern.callback, "actions", None)
        methods = set(actions) if actions else {method for method in METHODS if hasattr(cls, method)}
        yield pattern.name, methods - {"head", "options"}, module


def test_every_route_and_method_has_a_row():
    table = {route.name: set(route.cells) for route in ROUTES}
    table["find_friend-root"] = {"get"}
    for name, methods, _ in every_route():
        if name is not None:  # the spelling without a slash is the same view
            assert table.pop(name, None) == methods, name
    assert not table


def snapshot():
    """Every row of the package and of the users; last uses of tokens aside."""
    models = [*apps.get_app_config("find_friend_accounts").get_models()]
    models += apps.get_app_config("find_friend_friends").get_models()
    models += apps.get_app_config("find_friend_chat").get_models()
    rows = {}
    for model in (get_user_model(), *models):
        columns = [f.attname for f in model._meta.concrete_fields if f.name not in ("last_used_at", "last_login")]
        rows[model] = sorted(map(str, model._base_manager.values_list(*columns)))
    return rows


class Writes:
    """Notes the statements that may change a row: whatever neither reads nor belongs to a savepoint."""

    harmless = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")

    def __init__(self):
        self.noted = []

    def __call__(self, execute, sql, params, many, context):
        if not sql.lstrip(" (").upper().startswith(self.harmless):
            self.noted.append(sql)
        return execute(sql, params, many, context)


@override_settings(FIND_FRIEND={"THROTTLE_RATES": dict.fromkeys(app_settings.THROTTLE_RATES)})
class Matrix(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.owner = cls.make("Ann", email=SECRETS[0], username="ann-user-name")
        city = City.objects.create(name="Moscow", country="RU", latitude=55.7512, longitude=37.6184)
        Profile.objects.create(user=cls.owner, birthday=date(1991, 2, 3), city=city)
        cls.people = {role: cls.make(role) for role in (*PEOPLE, "expired", "deactivated")}
        cls.keys = {role: AuthToken.objects.issue(user)[1] for role, user in cls.people.items()}
        cls.owner_token = AuthToken.objects.issue(cls.owner)[0]
        cls.relate()
        cls.before = snapshot()

    @classmethod
    def make(cls, name, **fields):
        model = get_user_model()
        fields.setdefault("email", f"{name}@example.com")
        fields.setdefault("username", name)
        if model.USERNAME_FIELD != "username":
            fields.pop("username")
        staff = name in ("staff", "viewer", "superuser")
        user = model(first_name=name, last_name="Z", is_staff=staff, is_superuser=name == "superuser", **fields)
        user.set_password("correct horse battery")
        user.save()
        return user

    @classmethod
    def relate(cls):
        role, owner = cls.people, cls.owner
        cls.requests = {
            "requester": FriendRequest.objects.send(by=role["requester"], to=owner),
            "requested": FriendRequest.objects.send(by=owner, to=role["requested"]),
        }
        for name in ("friend", "ex_friend", "member", "ex_member", "blocked_member"):
            Friendship.objects.befriend(owner, role[name])
        cls.chats = {}
        for name in ("member", "ex_member", "blocked_member"):
            cls.chats[name] = Chat.objects.direct(by=owner, to=role[name])[0]
            cls.chats[name].post(by=owner, text="hi")
            cls.chats[name].post(by=role[name], text="hi")
        for name in ("ex_friend", "ex_member"):
            Friendship.objects.unfriend(by=owner, friend=role[name])
        Block.objects.block(by=role["blocker"], user=owner)
        for name in ("blocked", "blocked_member"):
            Block.objects.block(by=owner, user=role[name])
        role["viewer"].user_permissions.add(Permission.objects.get(codename="view_chat"))
        AuthToken.objects.filter(user=role["expired"]).update(expires_at=cls.owner_token.created)
        get_user_model().objects.filter(pk=role["deactivated"].pk).update(is_active=False)

    def value(self, word, role):
        """What a word of the table stands for when this role asks."""
        things = {
            "owner": self.owner.pk,
            "email": SECRETS[0],
            "token": self.owner_token.pk,
            "request": self.requests.get(role, self.requests["requester"]).pk,
            "chat": self.chats.get(role, self.chats["member"]).pk,
        }
        return things.get(word, word)

    def expected(self, route, method, role):
        if method in route.guest:
            return route.cells[method]
        if role in GUESTS and not (route.guest and len(route.cells) == 1):
            return 401
        if method == "options":
            return 200
        cell = route.cells.get("get" if method == "head" else method, 405)
        return cell.get(role, cell["*"]) if isinstance(cell, dict) else cell

    def test_every_cell(self):
        wrong = []
        for route, method, role in product(ROUTES, METHODS, ROLES):
            try:
                with transaction.atomic():
                    self.check(route, method, role)
                    transaction.set_rollback(True)
            except AssertionError as error:
                wrong.append(f"{method.upper()} {route.name} as {role}: {error}")
        assert not wrong, "\n".join(wrong)

    def check(self, route, method, role):
        app = next(
            name
            for name in ("accounts", "friends", "chat")
            if any(pattern == route.name for pattern in NAMES[f"find_friend_{name}"])
        )
        args = [self.value(word, role) for word in route.args]
        client = APIClient()
        if role in self.keys:
            client.credentials(HTTP_AUTHORIZATION=f"Token {self.keys[role]}")
        body = {key: self.value(word, role) for key, word in route.body.items()}
        address, writes = reverse(f"find_friend_{app}:{route.name}", args=args), Writes()
        with connection.execute_wrapper(writes):
            answer = getattr(client, method)(address, body or None, format="json")
        assert answer.status_code == self.expected(route, method, role), answer.content
        if answer.status_code in (401, 403, 404, 405, 409):
            if writes.noted:  # a look at every row takes longer than most requests
                assert snapshot() == self.before
            if method != "head":
                assert answer.json().get("code"), answer.content
        text = answer.content.decode()
        for secret in SECRETS[1:] if role in route.shows_email else SECRETS:
            assert secret not in text, secret


NAMES = {
    "find_friend_accounts": {route.name for route in ROUTES[:17]},
    "find_friend_friends": {route.name for route in ROUTES[17:25]},
    "find_friend_chat": {route.name for route in ROUTES[25:]},
}


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.guest], ids=lambda route: route.name)
def test_refusals_say_how_to_sign_in(route, client, db):
    app = next(name for name, names in NAMES.items() if route.name in names)
    args = ["1" for _ in route.args]
    answer = client.get(reverse(f"{app}:{route.name}", args=args))
    assert (answer.status_code, answer["WWW-Authenticate"].split()[0]) == (401, "Token")
