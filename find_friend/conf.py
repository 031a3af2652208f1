"""Every setting of the package, its default and one line of meaning.

A site writes one dictionary, ``FIND_FRIEND``, into its settings module. Values are read at the moment they are
used, so ``override_settings`` works and nothing is cached here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Generic, TypeVar, overload

from django.conf import settings
from django.utils.module_loading import import_string

T = TypeVar("T")


def configured() -> dict[str, Any]:
    """The site's ``FIND_FRIEND`` dictionary, or an empty one."""
    return getattr(settings, "FIND_FRIEND", None) or {}


class Setting(Generic[T]):
    """One key of ``FIND_FRIEND``; reading the attribute reads the site's value now."""

    def __init__(self, default: T, doc: str, *, types: tuple[type, ...] | None = None) -> None:
        self.default = default
        self.__doc__ = doc
        self.types = types or (type(default),)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Setting[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Setting[T] | T:
        return self if instance is None else self.read()

    def read(self) -> T:
        return configured().get(self.name, self.default)


class Mapping(Setting[dict[str, Any]]):
    """A dictionary whose keys the site may override one by one."""

    def read(self) -> dict[str, Any]:
        return {**self.default, **configured().get(self.name, {})}


class ClassPath(Setting[Any]):
    """A dotted path; reading it gives the object it names, or None where it is empty."""

    def __init__(self, default: str | None, doc: str) -> None:
        super().__init__(default, doc, types=(str, type(None)))

    def read(self) -> Any:
        path = configured().get(self.name, self.default)
        return import_string(path) if path else None


NUMBER = (int, float)
OPTIONAL_INT = (int, type(None))


class AppSettings:
    # people
    MINIMUM_AGE = Setting[int | None](
        None, "Youngest age in years that may sign up; once set, a birthday is required.", types=OPTIONAL_INT
    )
    EMAIL_VERIFICATION = Setting[str](
        "optional",
        'When a person has to confirm their address: "off", "optional", or "required" before search, '
        "requests and chat.",
    )
    AVATAR_MAX_BYTES = Setting[int](5 * 1024 * 1024, "Largest avatar file accepted, in bytes.")
    AVATAR_MAX_PIXELS = Setting[int](4096 * 4096, "Largest avatar accepted, width times height.")
    AVATAR_SIZE = Setting[int](512, "Stored avatars fit into a square with sides of so many pixels.")

    # signing in
    TOKEN_TTL = Setting[timedelta](timedelta(days=180), "A token ends this long after it was issued.")
    TOKEN_IDLE_TTL = Setting[timedelta](timedelta(days=30), "A token ends when it was not used for this long.")
    TOKENS_PER_USER = Setting[int](20, "Signing in on one more device ends the session unused the longest.")
    AUTHENTICATION_CLASSES = Setting[Sequence[str] | None](
        None,
        "Dotted paths of the authentication classes of every endpoint and socket. None: our tokens where "
        "find_friend.accounts is installed, then the classes the site set in REST_FRAMEWORK, or else the session.",
        types=(list, tuple, type(None)),
    )
    PASSWORD_RESET_TTL = Setting[timedelta](timedelta(hours=1), "How long a password reset link works.")
    EMAIL_VERIFICATION_TTL = Setting[timedelta](timedelta(days=3), "How long a link that confirms an address works.")
    EMAIL_TOKEN_TRIES = Setting[int](5, "Wrong tries after which a mailed link is dead.")
    EMAIL_SENDER = ClassPath(
        "find_friend.accounts.mail.send_in_background",
        "Function that takes a django.core.mail.EmailMessage and sends it, now or later.",
    )
    LINKS = Mapping(
        {"password_reset": None, "verify_email": None, "change_email": None},
        "Addresses put into mails, with {uid} and {token} in them; None: the mail shows uid and token.",
    )
    PASSWORD_HASH_SLOTS = Setting[int | None](
        None,
        "Passwords one process hashes at the same time; more wait half a second, then get 429. "
        "None: one less than the processors.",
        types=OPTIONAL_INT,
    )

    # friends
    FRIEND_REQUEST_MESSAGE_MAX_LENGTH = Setting[int](300, "Longest message of a friend request, in characters.")
    FRIEND_REQUEST_COOLDOWN = Setting[timedelta](timedelta(days=7), "A declined person may ask again after this long.")

    # chat
    CHAT_HISTORY_SIZE = Setting[int](30, "How many messages a chat shows when it is opened, at most 500.")
    CHAT_MESSAGE_MAX_LENGTH = Setting[int](1000, "Longest message, in characters.")
    CHAT_FRAME_RATE = Setting[float](10, "Frames a second one socket may send in the long run.", types=NUMBER)
    CHAT_FRAME_BURST = Setting[int](20, "Frames one socket may send at once.")
    CHAT_SOCKETS_PER_USER = Setting[int](10, "Sockets one user may hold open in one server process.")
    CHAT_SWEEP_INTERVAL = Setting[float](
        25, "Seconds after which an open socket looks for lost messages and rights.", types=NUMBER
    )
    CHAT_LAYER_TIMEOUT = Setting[float](2, "Seconds to wait for the channel layer.", types=NUMBER)
    CHAT_CHANNEL_LAYER = Setting[str]("default", "Alias of the channel layer in CHANNEL_LAYERS.")
    WEBSOCKET_ALLOWED_ORIGINS = Setting[Sequence[str]](
        (),
        'Origins such as "https://app.example.com" that may open sockets besides the site\'s own.',
        types=(list, tuple),
    )
    WEBSOCKET_TICKET_TTL = Setting[timedelta](timedelta(seconds=30), "How long a socket ticket works.")
    ERASE_MESSAGES_OF_DELETED_USERS = Setting[bool](
        False, "Deleting a user empties the texts they sent; the messages keep their places."
    )

    # both
    POLICY = ClassPath(None, "The Policy class. None: FriendsPolicy with find_friend.friends, or else the open Policy.")
    SERIALIZERS = Mapping({}, "Dotted path of the serializer of a role.")
    TRUSTED_PROXIES = Setting[int](
        0, "How many proxies in front of the site append to X-Forwarded-For. 0: the header is ignored."
    )
    THROTTLE_RATES = Mapping(
        {
            "signup": "20/hour",
            "login": "30/min",
            "login_account": "5/5min",
            "password": "10/5min",
            "email": "20/hour",
            "email_account": "5/hour",
            "confirm": "30/hour",
            "search": "60/min",
            "read": "600/min",
            "friend_request": "30/day",
            "change": "120/min",
            "chat_start": "60/hour",
            "message": "600/min",
            "ticket": "60/min",
        },
        'Allowed calls by scope, as "calls/period" with a period such as s, min, 5min, hour or day; None: no limit.',
    )
    PAGE_SIZE = Setting[int](20, "Items of a page when the client does not say.")
    PAGE_MAX_SIZE = Setting[int](100, "Most items of a page.")


app_settings = AppSettings()

DEFINITIONS: dict[str, Setting[Any]] = {
    name: setting for name, setting in vars(AppSettings).items() if isinstance(setting, Setting)
}
