"""The AsyncAPI description of the chat's socket. Import it only where ``find_friend.chat`` is installed."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, get_doc
from drf_spectacular.settings import patched_settings, spectacular_settings
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from find_friend.chat.frames import FROM_CLIENT, FROM_SERVER
from find_friend.chat.protocols import V1
from find_friend.conf import app_settings
from find_friend.renderers import JSONRenderer
from find_friend.serializers import serializer_class
from find_friend.views import FindFriendMixin

from . import examples as x
from .views import OpenMixin, defaults

ADDRESS = "/ws/chat/{room_name}/"
RECONNECT, STOP = "reconnect", "stop"
# Code, meaning, what the client does. Some of them are a server's or the network's own.
CLOSE_CODES: dict[int, tuple[str, str]] = {
    1000: ("Closed as the client wished", STOP),
    1001: ("The server goes", RECONNECT),
    1005: ("Closed without a code", RECONNECT),
    1006: ("The connection was lost", RECONNECT),
    1009: ("A frame was beyond the server's own limit", STOP),
    1011: ("The server failed", RECONNECT),
    1012: ("Restart, draining, or the socket's largest age", RECONNECT),
    1013: ("The server could not do it", RECONNECT),
    4400: ("The address is malformed", STOP),
    4401: ("Signed out: the token or session has ended, or the user is not active", "sign in, then reconnect"),
    4403: ("Not in this chat, or not any more: no friends, a block, not a member", STOP),
    4408: ("Nothing was heard from the client for three heartbeats", RECONNECT),
    4429: ("As many sockets as one user may have are open already", "reconnect after 30 seconds or more"),
    4508: ("The client reads too slowly", RECONNECT),
}

SEQ, EVENT, TIME = 7, 2, "2024-03-21T11:09:41.103822+03:00"
CLIENT_ID = x.NUMBERED_MESSAGE["client_id"]
SERVER_EXAMPLES: dict[str, dict[str, Any]] = {
    "hello": {
        "chat": 3,
        "user": 18,
        "last_seq": SEQ,
        "last_event": EVENT,
        "resumed": True,
        "limits": {"message_max_length": 1000, "frame_rate": 10.0, "frame_burst": 20, "heartbeat": 25.0},
    },
    "reset": {"first_seq": 571, "last_seq": 600, "last_event": 40},
    "msg": {**x.NUMBERED_MESSAGE, "edited_at": None, "deleted_at": None},
    "ack": {"client_id": CLIENT_ID, "id": 6, "seq": 1, "timestamp": x.MESSAGE["timestamp"], "dup": False},
    "err": {"code": "rate", "client_id": CLIENT_ID, "retry_after": 0.4, "detail": "Too many frames."},
    "edited": {"event": 1, "seq": 1, "text": "Привет, Юзердва!", "edited_at": TIME},
    "deleted": {"event": 2, "seq": 1, "deleted_at": TIME},
    "read": {"user": 19, "seq": SEQ},
    "typing": {"user": 19},
    "presence": {"user": 19, "online": True},
    "ping": {},
    "pong": {},
}
CLIENT_EXAMPLES: dict[str, dict[str, Any]] = {
    "send": {"client_id": CLIENT_ID, "text": "Привет!"},
    "edit": {"seq": 1, "text": "Привет, Юзердва!"},
    "delete": {"seq": 1},
    "read": {"seq": SEQ},
    "typing": {},
    "ping": {},
    "pong": {},
}


class Described(FindFriendMixin):
    """Stands for the socket where drf-spectacular wants a view."""


def describer() -> AutoSchema:
    view: Any = Described()
    view.request = spectacular_settings.GET_MOCK_REQUEST("GET", ADDRESS, view, None)
    schema = view.schema
    schema.registry, schema.method, schema.path = ComponentRegistry(), "GET", ADDRESS
    return schema


def cleaned(value: Any) -> Any:
    """Without what means something in OpenAPI only."""
    if isinstance(value, dict):
        return {key: cleaned(kept) for key, kept in value.items() if key not in ("readOnly", "x-spec-enum-id")}
    return [cleaned(kept) for kept in value] if isinstance(value, list) else value


def reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def frame(kind: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """The schema of a frame: ``type`` and the fields of its serializer."""
    fields = fields or {}
    properties = {"type": {"type": "string", "const": kind}, **fields.get("properties", {})}
    return {"type": "object", "properties": properties, "required": ["type", *fields.get("required", [])]}


def message(kind: str, doc: str, payload: dict[str, Any], sample: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": kind,
        "title": kind,
        "summary": doc,
        "contentType": "application/json",
        "payload": payload,
        "examples": [{"name": kind, "payload": sample}],
        **more,
    }


def frame_messages(schema: AutoSchema, side: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Messages and payload schemas of the frames that one side sends."""
    frames, samples, direction = (
        (FROM_SERVER, SERVER_EXAMPLES, "response") if side == "server" else (FROM_CLIENT, CLIENT_EXAMPLES, "request")
    )
    messages, schemas = {}, {}
    for kind, sample in samples.items():
        name = f"{side}_{kind}"
        if kind == "msg":
            stored = schema.resolve_serializer(serializer_class("message"), "response").ref
            doc, schemas[name] = "A message. Everybody in the chat gets it.", {"allOf": [frame(kind), stored]}
        else:
            cls: type[serializers.Serializer] = frames[kind]
            doc, schemas[name] = get_doc(cls), frame(kind, schema._map_serializer(cls, direction))  # type: ignore[arg-type]
        messages[name] = message(kind, doc, reference("schemas", name), {"type": kind, **sample})
    return messages, schemas


def plain_messages(schema: AutoSchema) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": app_settings.CHAT_MESSAGE_MAX_LENGTH}
    shown = schema.resolve_serializer(serializer_class("chat_message"), "response").ref
    said = "What a person has written. It is not JSON; text that looks like JSON is stored as it is."
    return {
        "plain_message": message("message", "A message. Everybody in the chat gets it.", shown, x.MESSAGE),
        "plain_text": message("text", said, text, x.MESSAGE["text"], contentType="text/plain"),
    }


def query(**properties: Any) -> dict[str, Any]:
    ticket = {"type": "string", "description": "From auth/ws-ticket/; works once."}
    return {"type": "object", "properties": {"ticket": ticket, **properties}}


def channel(title: str, text: str, messages: list[str], **handshake: Any) -> dict[str, Any]:
    return {
        "address": ADDRESS,
        "title": title,
        "description": text,
        "servers": [{"$ref": "#/servers/site"}],
        "parameters": {"room_name": {"description": "A chat's id. The last slash may be missing.", "examples": ["3"]}},
        "messages": {name: reference("messages", name) for name in messages},
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0", **handshake}},
    }


def plain_channel(messages: list[str]) -> dict[str, Any]:
    text = (
        "For clients that name no protocol. The newest messages arrive first, newest first; then each new one. "
        "The echo is the receipt. There is no error frame: what cannot be a message is dropped."
    )
    return channel("The plain protocol", text, messages, query=query())


def v1_channel(messages: list[str]) -> dict[str, Any]:
    text = (
        f"For clients that offer the subprotocol {V1}, or say v=1. Every frame is a JSON object with a type; both "
        "sides ignore keys that they do not know."
    )
    number = {"type": "integer", "minimum": 0}
    return channel(
        V1,
        text,
        messages,
        query=query(
            v={"type": "string", "const": "1", "description": "Where a client cannot offer a subprotocol."},
            after={**number, "description": "Number of the last message that the client has."},
            after_event={**number, "description": "Number of the last edit or deletion that the client has."},
        ),
        headers={"type": "object", "properties": {"Sec-WebSocket-Protocol": {"type": "string", "const": V1}}},
    )


def operation(action: str, channel: str, summary: str, messages: list[str]) -> dict[str, Any]:
    where = f"#/channels/{channel}"
    return {
        "action": action,
        "channel": {"$ref": where},
        "summary": summary,
        "messages": [{"$ref": f"{where}/messages/{name}"} for name in messages],
    }


def security_schemes(schema: AutoSchema) -> dict[str, Any]:
    """What opens a socket: a ticket, and what the site's authentication classes read from a header or a cookie."""
    schema.get_auth()
    text = "A ticket from auth/ws-ticket/, for clients that cannot set headers. It works once."
    ticket = {"type": "httpApiKey", "in": "query", "name": "ticket", "description": text}
    found = schema.registry.build({}).get("securitySchemes", {})
    kinds = {"apiKey": "httpApiKey", "http": "http"}
    ours = {name: {**each, "type": kinds[each["type"]]} for name, each in found.items() if each["type"] in kinds}
    return {"ticket": ticket, **ours}


def document(host: str = "example.com", *, secure: bool = True) -> dict[str, Any]:
    """The description of this site's sockets, as AsyncAPI 3."""
    # AsyncAPI takes JSON Schema, which drf-spectacular writes for OpenAPI 3.1.
    with patched_settings({**defaults(), "OAS_VERSION": "3.1.0"}):
        return build(host, "wss" if secure else "ws")


def build(host: str, protocol: str) -> dict[str, Any]:
    schema = describer()
    plain = plain_messages(schema)
    sent, sent_schemas = frame_messages(schema, "server")
    taken, taken_schemas = frame_messages(schema, "client")
    schemes = security_schemes(schema)
    shared = schema.registry.build({}).get("schemas", {})
    site = {"host": host, "protocol": protocol, "security": [reference("securitySchemes", name) for name in schemes]}
    made = {
        "asyncapi": "3.0.0",
        "info": {
            "title": spectacular_settings.TITLE,
            "version": spectacular_settings.VERSION,
            "description": "Chats of two, live. Operations are named from the server's side.",
        },
        "defaultContentType": "application/json",
        "servers": {"site": site},
        "channels": {"plain": plain_channel(list(plain)), "v1": v1_channel([*sent, *taken])},
        "operations": {
            "plainSend": operation("send", "plain", "Messages arrive.", ["plain_message"]),
            "plainReceive": operation("receive", "plain", "A client writes.", ["plain_text"]),
            "v1Send": operation("send", "v1", "Frames of the server.", list(sent)),
            "v1Receive": operation("receive", "v1", "Frames of a client.", list(taken)),
        },
        "components": {
            "schemas": {**shared, **sent_schemas, **taken_schemas},
            "messages": {**plain, **sent, **taken},
            "securitySchemes": schemes,
        },
        "x-close-codes": [
            {"code": code, "meaning": meaning, "client": client} for code, (meaning, client) in CLOSE_CODES.items()
        ],
    }
    return cleaned(made)


class YAMLRenderer(BaseRenderer):
    media_type = "application/yaml"
    format = "yaml"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        import yaml

        return yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=120).encode()


class AsyncAPIView(OpenMixin):
    renderer_classes: Any = [JSONRenderer]

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(document(request.get_host(), secure=request.is_secure()))


class AsyncAPIYAMLView(AsyncAPIView):
    renderer_classes = [YAMLRenderer]
