"""The description of the socket is a sound AsyncAPI document, and says what the code, the page and the wire say."""

import importlib
import json
import os
import re
import uuid
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.test import RequestFactory
from jsonschema import Draft7Validator, FormatChecker
from rest_framework import serializers

from find_friend.chat.frames import ERRORS, FROM_CLIENT, FROM_SERVER
from find_friend.chat.protocols import Close
from find_friend.chat.serializers import MessageSerializer
from find_friend.openapi import asyncapi
from tests.docs import pages

pytestmark = pytest.mark.skipif(
    settings.AUTH_USER_MODEL != "auth.User", reason="the file describes the project with Django's own user model"
)
DOCS = Path(__file__).parents[2] / "docs"
FILE = DOCS / "asyncapi.yml"
OPTIONAL = {"err": {"client_id", "seq", "retry_after", "detail"}, "msg": {"client_id"}}
PAGE = (DOCS / "reference" / "websocket.md").read_text(encoding="utf-8")


@pytest.fixture
def document():
    return asyncapi.document()


def everything(value, path=()):
    """Every inner value with its path."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from everything(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from everything(inner, (*path, number))


def follow(document, value):
    while "$ref" in value:
        where, value = value["$ref"], document
        for key in where.removeprefix("#/").split("/"):
            value = value[key]
    return value


def frames(document, side):
    """Messages by type that one side sends in ff.chat.v1."""
    name = {"server": "v1Send", "client": "v1Receive"}[side]
    found = [follow(document, message) for message in document["operations"][name]["messages"]]
    return {message["name"]: message for message in found}


def validator(document, message):
    schema = {**message["payload"], "components": document["components"]}
    return Draft7Validator(schema, format_checker=FormatChecker())


def test_the_file_in_docs_is_current(document):
    if os.environ.get("FIND_FRIEND_WRITE_SCHEMA"):
        FILE.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120), encoding="utf-8")
    written = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert written == document, "run the tests once with FIND_FRIEND_WRITE_SCHEMA=1"


# a sound document


@pytest.mark.skipif("FIND_FRIEND_ASYNCAPI_SPECS" not in os.environ, reason="needs a copy of npm's @asyncapi/specs")
def test_the_document_is_valid_by_the_schema_of_asyncapi(document):
    schema = Path(os.environ["FIND_FRIEND_ASYNCAPI_SPECS"], "schemas", "3.0.0-without-$id.json")
    Draft7Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(document)


def test_every_reference_leads_somewhere(document):
    references = [value["$ref"] for _path, value in everything(document) if isinstance(value, dict) and "$ref" in value]
    assert references
    for reference in references:
        assert reference.startswith("#/")
        assert follow(document, {"$ref": reference})


def test_every_part_is_used(document):
    used = {value["$ref"] for _path, value in everything(document) if isinstance(value, dict) and "$ref" in value}
    for kind, parts in document["components"].items():
        assert {f"#/components/{kind}/{name}" for name in parts} <= used


def test_every_schema_is_json_schema(document):
    for schema in document["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)
    assert not [path for path, _value in everything(document) if {"nullable", "readOnly"} & set(path)]


def test_every_example_fits(document):
    for message in document["components"]["messages"].values():
        assert message["examples"], message["name"]
        for example in message["examples"]:
            validator(document, message).validate(example["payload"])


@pytest.mark.parametrize("side", ["server", "client"])
def test_a_frame_without_one_of_its_fields_or_of_another_type_fits_not(document, side):
    for message in frames(document, side).values():
        check, sample = validator(document, message), message["examples"][0]["payload"]
        assert not check.is_valid({**sample, "type": "else"})
        for name in sample.keys() - OPTIONAL.get(message["name"], set()):
            assert not check.is_valid({key: value for key, value in sample.items() if key != name}), name


def test_messages_of_an_operation_are_those_of_its_channel(document):
    for name, channel in document["channels"].items():
        operations = [each for each in document["operations"].values() if each["channel"]["$ref"].endswith(f"/{name}")]
        assert [each["action"] for each in operations] == ["send", "receive"]
        listed = [message["$ref"].rpartition("/")[2] for each in operations for message in each["messages"]]
        assert listed == list(channel["messages"])


def test_a_socket_is_opened_by_ticket_header_or_cookie(document):
    schemes = document["components"]["securitySchemes"].values()
    assert {(scheme["type"], scheme["in"], scheme["name"]) for scheme in schemes} == {
        ("httpApiKey", "query", "ticket"),
        ("httpApiKey", "header", "Authorization"),
        ("httpApiKey", "cookie", settings.SESSION_COOKIE_NAME),
    }


def test_no_warning(document, capsys):
    assert "Warning" not in capsys.readouterr().err


# the same as the code


def test_frames_are_those_of_the_code(document):
    assert frames(document, "server").keys() == {*FROM_SERVER, "msg"}
    assert frames(document, "client").keys() == FROM_CLIENT.keys()


def test_what_a_client_may_send_is_read(document):
    for kind, message in frames(document, "client").items():
        frame = FROM_CLIENT[kind](data=message["examples"][0]["payload"])
        assert frame.is_valid(), frame.errors


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("edit", {"seq": 0, "text": "x"}),
        ("edit", {"seq": 2**63, "text": "x"}),
        ("edit", {"seq": 1}),
        ("delete", {"seq": None}),
        ("delete", {"seq": "x"}),
        ("read", {}),
        ("send", {"client_id": "x", "text": "x"}),
        ("send", {"text": "x"}),
    ],
)
def test_what_is_wrong_in_the_description_is_wrong_in_the_code(document, kind, wrong):
    assert not FROM_CLIENT[kind](data=wrong).is_valid()
    if wrong.get("client_id") is None:  # drafts of JSON Schema do not demand that formats are looked at
        assert not validator(document, frames(document, "client")[kind]).is_valid({"type": kind, **wrong})


def test_spaces_around_a_text_stay():
    frame = FROM_CLIENT["edit"](data={"seq": 1, "text": "  x "})
    assert frame.is_valid()
    assert frame.validated_data["text"] == "  x "


def test_close_codes_are_those_of_the_code():
    assert {int(code) for code in Close} <= asyncapi.CLOSE_CODES.keys()


class LongerMessage(MessageSerializer):
    mood = serializers.ChoiceField(choices=["fine", "tired"], allow_null=True)


class NamedMessage(MessageSerializer):
    nickname = serializers.CharField(read_only=True)


def test_a_site_with_a_message_of_its_own_gets_its_own_fields(configure):
    configure(SERIALIZERS={"message": f"{__name__}.LongerMessage", "chat_message": f"{__name__}.NamedMessage"})
    document = asyncapi.document()
    mood = document["components"]["schemas"]["LongerMessage"]["properties"]["mood"]
    assert mood["enum"] == ["fine", "tired", None]
    assert mood.keys().isdisjoint({"nullable", "x-spec-enum-id"})
    check = validator(document, frames(document, "server")["msg"])
    sample = frames(document, "server")["msg"]["examples"][0]["payload"]
    assert not check.is_valid(sample)
    assert check.is_valid({**sample, "mood": None})
    assert "nickname" in document["components"]["schemas"]["NamedMessage"]["properties"]


def test_the_limit_of_a_text_is_that_of_the_site(configure):
    configure(CHAT_MESSAGE_MAX_LENGTH=7)
    assert asyncapi.document()["components"]["messages"]["plain_text"]["payload"]["maxLength"] == 7


# the same as the page


def listed(heading):
    return [(cells[0].strip("`"), cells[1], cells[2]) for cells in pages.rows(pages.section(PAGE, heading))]


def test_the_page_has_the_close_codes(document):
    codes = {(str(each["code"]), each["meaning"], each["client"]) for each in document["x-close-codes"]}
    assert set(listed("Close codes")) == codes


def test_error_codes_that_the_page_names_are_there():
    named = set(re.findall(r"`([a-z_]+)`", pages.section(PAGE, "Errors")))
    assert {"rate", "busy", "forbidden"} <= named
    assert named - ERRORS.keys() <= {"err", "code", "detail", "client_id", "seq", "retry_after", "edit", "delete"}


@pytest.mark.parametrize("heading", ["ff.chat.v1", "Resuming"])
def test_frames_that_the_page_prints_fit(document, heading):
    printed = [line for block in pages.blocks(pages.section(PAGE, heading), "text") for line in block.text.splitlines()]
    found = [(line[0], json.loads(line[2:])) for line in printed if line[0:2] in ("< ", "> ")]
    assert found
    for arrow, frame in found:
        message = frames(document, "server" if arrow == "<" else "client")[frame["type"]]
        validator(document, message).validate(frame)


# served


@pytest.mark.parametrize(
    ("view", "read"), [(asyncapi.AsyncAPIView, json.loads), (asyncapi.AsyncAPIYAMLView, yaml.safe_load)]
)
def test_the_description_is_served(document, view, read):
    answer = view.as_view()(RequestFactory().get("/asyncapi", secure=True)).render()
    assert answer.status_code == 200
    served = read(answer.content)
    assert served["servers"].pop("site")["host"] == "testserver"
    del document["servers"]["site"]
    assert served == document


# the wire


@pytest.mark.django_db(transaction=True)
async def test_frames_of_a_socket_fit(document, chat_socket, chat, ann, bob):
    described = {kind: validator(document, message) for kind, message in frames(document, "server").items()}
    seen = set()

    async def until(socket, kind):
        """Read up to a frame of one type; it and all before it fit."""
        for _ in range(20):
            frame = await socket.next()
            described[frame["type"]].validate(frame)
            seen.add(frame["type"])
            if frame["type"] == kind:
                return frame
        raise AssertionError(f"no {kind} came")

    client_id = str(uuid.uuid4())
    v1 = {"subprotocols": ["ff.chat.v1"]}
    async with chat_socket(chat, ann, **v1) as left, chat_socket(chat, bob, **v1) as right:
        await until(left, "hello")
        await until(right, "hello")
        # Once each has been told of the other, what they show of themselves is known too.
        await until(left, "presence")
        await until(right, "presence")
        await left.post(json.dumps({"type": "send", "client_id": client_id, "text": "hello"}))
        ack = await until(left, "ack")
        assert ack["client_id"] == client_id
        message = await until(right, "msg")
        assert (message["id"], message["seq"]) == (ack["id"], ack["seq"])
        assert "client_id" not in message
        await right.post(json.dumps({"type": "read", "seq": ack["seq"]}))
        await until(left, "read")
        await right.post(json.dumps({"type": "typing"}))
        await until(left, "typing")
        await left.post(json.dumps({"type": "edit", "seq": ack["seq"], "text": "Hello"}))
        await until(right, "edited")
        await left.post(json.dumps({"type": "delete", "seq": ack["seq"]}))
        await until(right, "deleted")
        await right.post(json.dumps({"type": "delete", "seq": ack["seq"]}))
        assert (await until(right, "err"))["code"] == "not_sender"
        await right.post(json.dumps({"type": "ping"}))
        await until(right, "pong")
    assert seen >= {"hello", "msg", "ack", "read", "typing", "edited", "deleted", "err", "pong"}


def test_a_site_without_chat_has_no_description_of_sockets(monkeypatch):
    from django.apps import apps

    from find_friend.openapi import urls

    def names():
        return {pattern.name for pattern in urls.urlpatterns}

    assert "find_friend-asyncapi-json" in names()
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "find_friend.chat")
    try:
        importlib.reload(urls)
        assert names() == {f"find_friend-{name}" for name in ("swagger-json", "swagger-yaml", "swagger", "redoc")}
    finally:
        monkeypatch.undo()
        importlib.reload(urls)
