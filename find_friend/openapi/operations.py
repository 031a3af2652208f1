"""One entry for each operation: what it is for, what goes in and out, and which errors it answers.

The key is the view class and its action (or HTTP method). Request and response are serializer roles,
or dotted paths of serializers that have no role.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from . import examples as x


@dataclass(frozen=True)
class Operation:
    id: str
    tag: str
    summary: str
    description: str = ""
    request: str | None = None
    response: str | None = None
    status: int = 200
    many: bool = False
    paged: bool = True
    sent: Any = None
    got: Any = None
    errors: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    also: Mapping[int, str] = field(default_factory=dict)
    parameters: Sequence[Any] = ()


def query(name: str, kind: Any, text: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=text, **more)


PAGE = (
    query("limit", OpenApiTypes.INT, "Items of a page, at most 100."),
    query("cursor", OpenApiTypes.STR, "Taken from next or previous of another page."),
)
PEOPLE, FRIENDS, CHAT, SIGN_IN = "people", "friends", "chats", "signing in"
NOT_FOUND: dict[int, tuple[str, ...]] = {404: ("not_found",)}
NO_USER: dict[int, tuple[str, ...]] = {404: ("user_not_found",)}

FRIEND_OPERATIONS = {
    "FriendRequestViewSet.list": Operation(
        "friend_requests_list",
        FRIENDS,
        "List friend requests",
        response="friend_request",
        many=True,
        got=x.FRIEND_REQUEST,
        errors={400: (), 403: ("email_not_verified",)},
        parameters=(
            query("direction", OpenApiTypes.STR, "Whose requests.", enum=["incoming", "outgoing"], default="incoming"),
            query("status", OpenApiTypes.STR, "Only these.", enum=["pending", "accepted", "declined", "withdrawn"]),
            *PAGE,
        ),
    ),
    "FriendRequestViewSet.create": Operation(
        "friend_requests_create",
        FRIENDS,
        "Ask somebody to become friends",
        "A request of one's own that is still pending is answered with 200 and that request; one that the other "
        "person has sent is accepted, with 200 as well.",
        request="friend_request_create",
        response="friend_request",
        status=201,
        sent={"to_user": 19, "message": "We met at the concert."},
        got=x.FRIEND_REQUEST,
        errors={
            400: (),
            403: ("request_not_allowed", "email_not_verified"),
            **NO_USER,
            409: ("already_friends", "recently_declined", "asked_too_often"),
        },
        also={200: "The request was there already, or the other person's was accepted."},
    ),
    **{
        f"FriendRequestViewSet.{verb}": Operation(
            f"friend_requests_{verb}",
            FRIENDS,
            summary,
            "Repeating it changes nothing and answers the same.",
            response="friend_request",
            got={**x.FRIEND_REQUEST, "status": status},
            errors={403: (code, "email_not_verified"), **NOT_FOUND, 409: ("already_answered",)},
        )
        for verb, status, code, summary in (
            ("accept", "accepted", "not_recipient", "Accept a friend request"),
            ("decline", "declined", "not_recipient", "Decline a friend request"),
            ("withdraw", "withdrawn", "not_sender", "Take a friend request back"),
        )
    },
    "FriendViewSet.list": Operation(
        "friends_list", FRIENDS, "List one's friends", response="user", many=True, got=x.CARD, parameters=PAGE
    ),
    "FriendViewSet.destroy": Operation(
        "friends_destroy", FRIENDS, "End a friendship, for both sides", status=204, errors=NO_USER
    ),
    "BlockViewSet.list": Operation(
        "blocks_list",
        FRIENDS,
        "List the people one has blocked",
        response="user",
        many=True,
        got={**x.CARD, "relationship": "blocked"},
        parameters=PAGE,
    ),
    "BlockViewSet.create": Operation(
        "blocks_create",
        FRIENDS,
        "Block somebody",
        "Ends friendship, pending requests and live sockets at once; both become invisible to each other.",
        request="block_create",
        response="user",
        status=201,
        sent={"user": 19},
        got={**x.CARD, "relationship": "blocked"},
        errors={400: (), 403: ("email_not_verified",), **NO_USER},
        also={200: "Was blocked already."},
    ),
    "BlockViewSet.destroy": Operation("blocks_destroy", FRIENDS, "Lift one's block", status=204, errors=NO_USER),
}

USER_FILTERS = (
    query("search", OpenApiTypes.STR, "Beginning of the first or last name, in any alphabet."),
    query("city", OpenApiTypes.INT, "Id of a city."),
    query("interest", OpenApiTypes.INT, "Id of an interest; of several one is enough.", many=True),
    query("sex", OpenApiTypes.STR, "As people gave it.", enum=["female", "male"]),
    query("age_min", OpenApiTypes.INT, "Youngest, in whole years."),
    query("age_max", OpenApiTypes.INT, "Oldest, in whole years."),
)
SEARCH = (query("search", OpenApiTypes.STR, "Beginning of the name, in any alphabet."), *PAGE)

ACCOUNT_OPERATIONS = {
    "UserViewSet.create": Operation(
        "users_create",
        PEOPLE,
        "Sign up",
        "Does not sign in: the token comes from a request of its own.",
        request="signup",
        response="me",
        status=201,
        sent={**x.SIGN_UP, "password": "correct horse battery"},
        got=x.ME,
        errors={400: ()},
    ),
    "UserViewSet.list": Operation(
        "users_list",
        PEOPLE,
        "Search people",
        response="user",
        many=True,
        got={**x.CARD, "relationship": "none"},
        errors={400: (), 403: ("email_not_verified",)},
        parameters=(*USER_FILTERS, *PAGE),
    ),
    "UserViewSet.retrieve": Operation(
        "users_retrieve",
        PEOPLE,
        "Show somebody's card",
        response="user",
        got={**x.CARD, "relationship": "none"},
        errors={403: ("email_not_verified",), **NO_USER},
    ),
    "MeView.get": Operation("users_me_retrieve", PEOPLE, "Show one's own profile", response="me", got=x.ME),
    "MeView.patch": Operation(
        "users_me_update",
        PEOPLE,
        "Change one's own profile",
        "Send JSON, or multipart with a file in avatar; null takes the avatar away.",
        request="me",
        response="me",
        sent={"about": "Chess and long walks.", "city": 5, "interests": [4]},
        got={**x.ME, "about": "Chess and long walks."},
        errors={400: (), 413: ("too_large",)},
    ),
    "MeView.delete": Operation(
        "users_me_destroy",
        PEOPLE,
        "Delete one's own account",
        request="find_friend.accounts.serializers.CurrentPasswordSerializer",
        status=204,
        sent={"current_password": "correct horse battery"},
        errors={400: ()},
    ),
    "SetPasswordView.post": Operation(
        "users_set_password",
        SIGN_IN,
        "Change one's password",
        "Every token of the user ends.",
        request="find_friend.accounts.serializers.SetPasswordSerializer",
        status=204,
        sent={"current_password": "correct horse battery", "new_password": "staple battery horse"},
    ),
    "ResetPasswordView.post": Operation(
        "users_reset_password",
        SIGN_IN,
        "Ask for a mail that lets one set a new password",
        "The answer is the same whether the address exists or not.",
        request="find_friend.accounts.serializers.EmailSerializer",
        status=204,
        sent={"email": "testuser1@fake.org"},
    ),
    "ResetPasswordConfirmView.post": Operation(
        "users_reset_password_confirm",
        SIGN_IN,
        "Set a new password with what the mail said",
        "Works once. Every token and session of the user ends.",
        request="find_friend.accounts.serializers.ResetPasswordSerializer",
        status=204,
        sent={**x.MAILED, "new_password": "staple battery horse"},
        errors={400: ("invalid_link",)},
    ),
    "VerifyEmailView.post": Operation(
        "users_verify_email",
        SIGN_IN,
        "Confirm one's address with what the mail said",
        request="find_friend.accounts.serializers.LinkSerializer",
        status=204,
        sent=x.MAILED,
        errors={400: ("invalid_link",)},
    ),
    "ResendVerificationView.post": Operation(
        "users_resend_verification", SIGN_IN, "Send the mail that confirms the address again", status=204
    ),
    "ChangeEmailView.post": Operation(
        "users_change_email",
        SIGN_IN,
        "Ask to change one's address",
        "A mail to the new address has to be confirmed. An address that is taken is answered alike.",
        request="find_friend.accounts.serializers.ChangeEmailSerializer",
        status=204,
        sent={"current_password": "correct horse battery", "new_email": "new@fake.org"},
    ),
    "ChangeEmailConfirmView.post": Operation(
        "users_change_email_confirm",
        SIGN_IN,
        "Change the address with what the mail said",
        "Every token of the user ends.",
        request="find_friend.accounts.serializers.LinkSerializer",
        status=204,
        sent=x.MAILED,
        errors={400: ("invalid_link",)},
    ),
    "LoginView.post": Operation(
        "auth_token_login",
        SIGN_IN,
        "Get a token for e-mail and password",
        "One token for each device. Send it as `Authorization: Token <key>`.",
        request="login",
        response="find_friend.accounts.serializers.TokenKeySerializer",
        sent={"email": "testuser1@fake.org", "password": "correct horse battery"},
        got={"auth_token": "ff_…"},
        errors={400: ("invalid_credentials",)},
    ),
    "LogoutView.post": Operation("auth_token_logout", SIGN_IN, "End the token of this request", status=204),
    "LogoutAllView.post": Operation("auth_token_logout_all", SIGN_IN, "End every token of the user", status=204),
    "TokenViewSet.list": Operation(
        "auth_tokens_list", SIGN_IN, "List one's devices", response="token", many=True, got=x.TOKEN, parameters=PAGE
    ),
    "TokenViewSet.destroy": Operation(
        "auth_tokens_destroy", SIGN_IN, "End the token of one device", status=204, errors=NOT_FOUND
    ),
    "InterestViewSet.list": Operation(
        "interests_list",
        PEOPLE,
        "Find interests",
        response="interest",
        many=True,
        got={"id": 4, "name": "шахматы"},
        parameters=SEARCH,
    ),
    "CityViewSet.list": Operation(
        "cities_list",
        PEOPLE,
        "Find cities",
        response="city",
        many=True,
        got={"id": 5, "name": "Москва", "country": "RU", "region": ""},
        parameters=SEARCH,
    ),
}

CHANGE_ERRORS: dict[int, tuple[str, ...]] = {
    400: (),
    403: ("not_member", "not_sender", "post_not_allowed", "email_not_verified"),
    404: ("chat_not_found", "message_not_found"),
    409: ("too_late",),
}
CHAT_OPERATIONS = {
    "ChatViewSet.list": Operation(
        "chats_list",
        CHAT,
        "List one's chats",
        "All of them, the one with the newest message first.",
        response="chat_list_item",
        many=True,
        paged=False,
        got=x.CHAT_LIST_ITEM,
        errors={403: ("email_not_verified",)},
    ),
    "StartChatView.create": Operation(
        "chats_start",
        CHAT,
        "Begin a chat with a friend",
        request="start_chat",
        response="chat",
        sent={"email": "testuser2@fake.org"},
        got={**x.CHAT, "chat_messages": []},
        errors={
            400: ("email_required", "self_chat"),
            403: ("not_friends", "email_not_verified"),
            404: ("user_not_found",),
        },
        also={302: "The two have a chat already; Location leads to it."},
    ),
    "ChatViewSet.retrieve": Operation(
        "chats_retrieve",
        CHAT,
        "Show a chat with its newest messages",
        "Newest first. For its two members, and for staff who may view chats; each such look is recorded.",
        response="chat",
        got=x.CHAT,
        errors={403: ("not_member", "email_not_verified"), 404: ("chat_not_found",)},
    ),
    "MessageViewSet.list": Operation(
        "chats_messages_list",
        CHAT,
        "Read the history of a chat",
        "Newest first; with after_seq oldest first.",
        response="message",
        many=True,
        got=x.NUMBERED_MESSAGE,
        errors={400: (), 403: ("not_member", "email_not_verified"), 404: ("chat_not_found",)},
        parameters=(
            query("before_seq", OpenApiTypes.INT, "Only messages before this number."),
            query("after_seq", OpenApiTypes.INT, "Only messages after this number."),
            query("limit", OpenApiTypes.INT, "At most so many, at most 100."),
        ),
    ),
    "MessageViewSet.create": Operation(
        "chats_messages_create",
        CHAT,
        "Post a message",
        "The same client_id again answers 200 with the same message, so a lost answer can be asked for again.",
        request="message",
        response="message",
        status=201,
        sent={"text": "Привет!", "client_id": x.NUMBERED_MESSAGE["client_id"]},
        got=x.NUMBERED_MESSAGE,
        errors={
            400: (),
            403: ("not_member", "post_not_allowed", "email_not_verified"),
            404: ("chat_not_found",),
            409: ("client_id_reused",),
        },
        also={200: "That client_id is known, with the same text."},
    ),
    "MessageViewSet.update": Operation(
        "chats_messages_update",
        CHAT,
        "Edit a message",
        "One's own, for two days unless the site says otherwise. The same text again changes nothing.",
        request="message",
        response="message",
        sent={"text": x.EDITED_MESSAGE["text"]},
        got=x.EDITED_MESSAGE,
        errors=CHANGE_ERRORS,
    ),
    "MessageViewSet.destroy": Operation(
        "chats_messages_destroy",
        CHAT,
        "Delete a message",
        "One's own, for two days unless the site says otherwise. Its text becomes empty, its place and number remain. "
        "Deleting it again changes nothing.",
        status=204,
        errors={code: names for code, names in CHANGE_ERRORS.items() if code != 400},
    ),
    "PrivacyView.retrieve": Operation(
        "chats_privacy_retrieve",
        CHAT,
        "Show what one shows of oneself in chats",
        response="chat_privacy",
        got=x.PRIVACY,
        errors={403: ("email_not_verified",)},
    ),
    "PrivacyView.update": Operation(
        "chats_privacy_update",
        CHAT,
        "Choose what one shows of oneself in chats",
        "Who switches one off does not see it of others either.",
        request="chat_privacy",
        response="chat_privacy",
        sent={"typing": False},
        got=x.PRIVACY,
        errors={403: ("email_not_verified",)},
    ),
    "ReadView.create": Operation(
        "chats_read",
        CHAT,
        "Mark messages as read, up to a number",
        request="find_friend.chat.serializers.ChatReadSerializer",
        response="find_friend.chat.serializers.ChatReadSerializer",
        sent={"seq": 7},
        got={"seq": 7, "unread_count": 0},
        errors={400: (), 403: ("not_member", "email_not_verified"), 404: ("chat_not_found",)},
    ),
    "TicketView.create": Operation(
        "auth_ws_ticket",
        SIGN_IN,
        "Get a ticket that opens one socket",
        "For clients that cannot send headers: put it into `?ticket=` of the socket's address. It works once.",
        response="find_friend.chat.serializers.TicketSerializer",
        got={"ticket": "…", "expires_in": 30},
        errors={403: ("email_not_verified",)},
    ),
}

ROOT = Operation(
    "root",
    PEOPLE,
    "Where everything is",
    response="find_friend.openapi.schema.LinksSerializer",
    got={"users": "http://127.0.0.1:8000/api/v1/users/", "chats": "http://127.0.0.1:8000/api/v1/chats/"},
)

OPERATIONS: dict[str, Operation] = {"APIRoot.get": ROOT, **ACCOUNT_OPERATIONS, **FRIEND_OPERATIONS, **CHAT_OPERATIONS}
