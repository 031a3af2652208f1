"""What holds on every site: whichever apps are installed, whatever its users are, and since when they are there.

The users of these tests came before the package did: their rows were written past every receiver.
"""

import json
import re
from urllib.parse import quote

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import get_resolver, reverse

from find_friend.pairs import pair_key
from tests.conftest import PASSWORD, left_out

API = "/api/v1/"
FIRST, SECOND = "Old.One@example.com", "old.two@Example.com"


def old_user(email, **fields):
    model = get_user_model()
    fields = {"email": email, "first_name": "Old", "last_name": email[4:7], **fields}
    if model.USERNAME_FIELD not in ("email", model._meta.pk.name):
        fields[model.USERNAME_FIELD] = email[:7]
    user = model(**fields)
    user.set_password(PASSWORD)
    model._base_manager.bulk_create([user])
    return model._base_manager.get(email=email)


@pytest.fixture
def one(db):
    return old_user(FIRST)


@pytest.fixture
def two(db):
    return old_user(SECOND)


@pytest.fixture
def browser(db):
    desk = Client()
    desk.force_login(old_user("old.staff@example.com", is_staff=True, is_superuser=True))
    return desk


def our_models():
    configs = [config for config in apps.get_app_configs() if config.name.startswith("find_friend.")]
    return [model for config in configs for model in config.get_models()]


def call(client, method, path, body=None, status=200):
    answer = getattr(client, method)(API + path, body, format="json")
    assert answer.status_code == status, (method, path, answer.status_code, answer.content)
    return answer.json() if answer.content else None


def key_in(path, user):
    return path.format(quote(str(user.pk), safe=""))


def as_json(pk):
    """A key as it stands in an answer."""
    return pk if isinstance(pk, (int, str)) else str(pk)


def test_nothing_of_ours_is_there_before_people_come(one, two):
    assert {model._meta.label: model._base_manager.count() for model in our_models()} == {
        model._meta.label: 0 for model in our_models()
    }


def test_every_list_answers(api, one):
    client = api(one)
    patterns = [pattern for part in get_resolver("find_friend.urls").url_patterns for pattern in flat(part)]
    listed = [path for path in patterns if "<" not in path and "(" not in path]
    assert listed
    statuses = {path: client.get(API + path).status_code for path in listed}
    assert set(statuses.values()) <= {200, 405}, statuses
    assert statuses[""] == 200


def flat(pattern, prefix=""):
    path = prefix + str(pattern.pattern).lstrip("^").rstrip("$")
    if hasattr(pattern, "url_patterns"):
        return [found for part in pattern.url_patterns for found in flat(part, path)]
    return [path.replace("/?", "/").replace("\\Z", "")]


def test_a_key_in_an_address_may_have_any_sign_but_a_slash(api, one, two):
    paths = {"accounts": "users/{}/", "friends": "friends/{}/"}
    for app, path in paths.items():
        if app not in left_out():
            for nonsense in ("%00", "%ED%A0%80", "nobody", "%F0%9F%98%80", "9" * 300):
                method = "get" if app == "accounts" else "delete"
                answer = call(api(one), method, path.format(nonsense), status=404)
                assert answer["code"] == "user_not_found"


@pytest.mark.needs("accounts")
class TestAccounts:
    @pytest.fixture
    def client(self, api, one):
        made = api()
        body = {"email": "old.ONE@example.com", "password": PASSWORD}
        made.credentials(HTTP_AUTHORIZATION=f"Token {call(made, 'post', 'auth/token/login/', body)['auth_token']}")
        return made

    @pytest.fixture
    def mailed(self, mailoutbox, django_capture_on_commit_callbacks):
        """What the mail carries that a call sends."""

        def link(client, path, body=None):
            with django_capture_on_commit_callbacks(execute=True):
                call(client, "post", path, body, 204)
            text = mailoutbox[-1].body
            return {name: re.search(rf"^{name}: (\S+)$", text, re.MULTILINE)[1] for name in ("uid", "token")}

        return link

    def test_profile(self, client, one):
        me = call(client, "get", "users/me/")
        assert (me["id"], me["email"], me["birthday"]) == (as_json(one.pk), FIRST, None)
        assert call(client, "patch", "users/me/", {"birthday": "1990-02-03"})["birthday"] == "1990-02-03"

    def test_cards(self, client, one, two):
        (found,) = call(client, "get", "users/?search=two")["results"]
        assert found == call(client, "get", key_in("users/{}/", two))
        assert (found["id"], found["age"], found["relationship"]) == (as_json(two.pk), None, "none")

    def test_tokens(self, client):
        (token,) = call(client, "get", "auth/tokens/")["results"]
        call(client, "delete", f"auth/tokens/{token['id']}/", status=204)
        assert call(client, "get", "users/me/", status=401)["code"] == "invalid_token"

    def test_passwords(self, client, api, mailed):
        link = mailed(api(), "users/reset_password/", {"email": FIRST})
        call(api(), "post", "users/reset_password/confirm/", {**link, "new_password": "a whole new phrase"}, 204)
        call(client, "get", "users/me/", status=401)
        body = {"email": FIRST, "password": "a whole new phrase"}
        client.credentials(HTTP_AUTHORIZATION=f"Token {call(api(), 'post', 'auth/token/login/', body)['auth_token']}")
        change = {"current_password": "a whole new phrase", "new_password": PASSWORD}
        call(client, "post", "users/set_password/", change, 204)

    def test_addresses(self, client, api, mailed, one):
        call(api(), "post", "users/verify_email/", mailed(client, "users/resend_verification/"), 204)
        assert call(client, "get", "users/me/")["email_verified"] is True
        body = {"current_password": PASSWORD, "new_email": "new@example.com"}
        call(api(), "post", "users/change_email/confirm/", mailed(client, "users/change_email/", body), 204)
        one.refresh_from_db()
        assert one.email == "new@example.com"

    def test_nobody_signs_up_with_their_address(self, api, one):
        body = {"email": FIRST.upper(), "password": PASSWORD, "first_name": "A", "last_name": "B"}
        assert list(call(api(), "post", "users/", body, 400)) == ["email"]

    def test_leaving(self, client, one):
        call(client, "delete", "users/me/", {"current_password": PASSWORD}, 204)
        assert not get_user_model()._base_manager.filter(pk=one.pk).exists()

    def test_somebody_new_signs_up(self, api, db):
        body = {"email": "new@example.com", "password": PASSWORD, "first_name": "New", "last_name": "One"}
        assert call(api(), "post", "users/", body, 201)["email"] == "new@example.com"


@pytest.mark.needs("friends")
class TestFriends:
    def test_requests(self, api, one, two):
        left, right = api(one), api(two)
        asked = call(left, "post", "friend-requests/", {"to_user": as_json(two.pk), "message": "hello"}, 201)
        assert (asked["from_user"]["id"], asked["to_user"]["id"]) == (as_json(one.pk), as_json(two.pk))
        assert call(right, "get", "friend-requests/")["results"][0]["id"] == asked["id"]
        assert call(right, "post", f"friend-requests/{asked['id']}/accept/")["status"] == "accepted"
        assert [card["id"] for card in call(left, "get", "friends/")["results"]] == [as_json(two.pk)]
        call(left, "delete", key_in("friends/{}/", two), status=204)
        assert call(right, "get", "friends/")["results"] == []

    def test_blocks(self, api, one, two):
        client = api(one)
        assert call(client, "post", "blocks/", {"user": as_json(two.pk)}, 201)["id"] == as_json(two.pk)
        assert [card["id"] for card in call(client, "get", "blocks/")["results"]] == [as_json(two.pk)]
        call(client, "delete", key_in("blocks/{}/", two), status=204)


@pytest.mark.needs("chat")
class TestChat:
    @pytest.fixture
    def chat(self, api, one, two, befriend):
        befriend(one, two)
        return call(api(one), "post", "chats/start/", {"email": SECOND.lower()})

    def test_over_http(self, api, chat, one, two):
        left, right, path = api(one), api(two), f"chats/{chat['id']}/"
        sent = call(left, "post", f"{path}messages/", {"text": "hello"}, 201)
        assert sent["sender"] == as_json(one.pk)
        assert call(right, "get", path)["chat_messages"][0]["sender"] == as_json(one.pk)
        assert call(right, "get", "chats/")[0]["unread_count"] == 1
        assert call(right, "post", f"{path}read/", {"seq": 1})
        assert call(left, "get", path)["receiver"]["email"] == SECOND
        assert call(left, "patch", "chats/privacy/", {"typing": False})["typing"] is False
        assert call(left, "post", "auth/ws-ticket/")["ticket"]

    @pytest.mark.django_db(transaction=True)
    async def test_over_sockets(self, open_socket, handshake, api, one, two, befriend):
        await sync_to_async(befriend)(one, two)
        client = await sync_to_async(api)(one)
        chat = await sync_to_async(call)(client, "post", "chats/start/", {"email": SECOND})
        path = f"/ws/chat/{chat['id']}/"
        async with (
            open_socket(path, await handshake(one), ["ff.chat.v1"]) as (left, accepted),
            open_socket(path, await handshake(two)) as (right, accepted_too),
        ):
            assert (accepted, accepted_too) == (True, True)
            hello = await left.next()
            assert (hello["type"], hello["user"]) == ("hello", as_json(one.pk))
            online = await left.next()
            while online.get("user") != as_json(two.pk):
                online = await left.next()
            assert (online["type"], online["online"]) == ("presence", True)
            client_id = "6f1e2c1e-5d0c-4d6e-9a53-0c4c6a1b2f10"
            await left.post(json.dumps({"type": "send", "client_id": client_id, "text": "hello"}))
            seen = await right.next()
            assert (seen["text"], seen["sender"]) == ("hello", as_json(one.pk))
            await right.post("and hello to you")
            answer = await left.next()
            while answer["type"] != "msg" or answer["seq"] != 2:
                answer = await left.next()
            assert (answer["text"], answer["sender"]) == ("and hello to you", as_json(two.pk))


def test_pairs_have_one_name_whatever_the_key(one, two):
    assert pair_key(one, two) == pair_key(two.pk, one.pk)
    assert len(pair_key(one, two)) == 64


def test_admin_pages_open(browser, one):
    registered = [model for model in our_models() if admin.site.is_registered(model)]
    assert registered
    for model in registered:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for query in ({}, {"q": "old"}):
            assert browser.get(address, query).status_code == 200, model


@pytest.mark.parametrize("name", ["block", "chat", "profile"])
def test_rows_open_in_the_admin(browser, one, two, name):
    for model in our_models():
        if model._meta.model_name == name:
            people = dict(zip(people_of(model), (one, two), strict=False))
            row = model._base_manager.create(**people)
            address = reverse(f"admin:{model._meta.app_label}_{name}_change", args=[row.pk])
            assert browser.get(address).status_code == 200


def people_of(model):
    return [field.name for field in model._meta.fields if field.related_model is get_user_model()]


def test_the_description_names_the_kind_of_key(client):
    schemas = client.get("/swagger.json").json()["components"]["schemas"]
    cards = [schema["properties"] for schema in schemas.values() if "relationship" in schema.get("properties", {})]
    internal = get_user_model()._meta.pk.get_internal_type()
    expected = {"UUIDField": ("string", "uuid"), "CharField": ("string", None)}.get(internal, ("integer", None))
    if {"accounts", "friends"} - set(left_out()):
        assert cards
    assert {(card["id"]["type"], card["id"].get("format")) for card in cards} <= {expected}
