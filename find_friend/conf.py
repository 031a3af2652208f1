"""Every setting of the package, its default and one line of meaning.

A site writes one dictionary, ``FIND_FRIEND``, into its settings module. Values are read at the moment they are
used, so ``override_settings`` works and nothing is cached here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from .kinds import A_CLASS, ORIGIN, ORIGINS, ClassPath, ClassPaths, Mapping, Setting, Target, between, one_of

NUMBER = (int, float)
OPTIONAL_INT = (int, type(None))
NOT_NEGATIVE = between(0)


class AppSettings:
    # people
    MINIMUM_AGE = Setting[int | None](
        None,
        "Youngest age in years that may sign up; once set, a birthday is required.",
        types=OPTIONAL_INT,
        rule=between(0, 120),
    )
    EMAIL_VERIFICATION = Setting[str](
        "optional",
        'When a person has to confirm their address: "off", "optional", or "required" before search, '
        "requests and chat.",
        rule=one_of("off", "optional", "required"),
    )
    EMAIL_BACKFILLED = Setting[bool](
        False,
        "manage.py find_friend_backfill has given every user of old a row, so an address is looked up among the rows "
        "alone, by their index, and never in the whole table of users.",
    )
    AVATAR_MAX_BYTES = Setting[int](5 * 1024 * 1024, "Largest avatar file accepted, in bytes.")
    AVATAR_MAX_PIXELS = Setting[int](4096 * 4096, "Largest avatar accepted, width times height.")
    AVATAR_SIZE = Setting[int](
        512, "Stored avatars fit into a square with sides of so many pixels.", rule=between(1, 16383)
    )
    AVATAR_STORAGE = Setting[str]("default", "Alias of the storage of avatars in STORAGES.")
    AVATAR_VALIDATORS = ClassPaths(
        (),
        "Functions that take a new avatar as it will be stored, a django.core.files.base.ContentFile with a WebP "
        "picture, and raise ValidationError for one that is not wanted.",
        to=Target(call=("picture",)),
    )

    # signing in
    TOKEN_TTL = Setting[timedelta](timedelta(days=180), "A token ends this long after it was issued.")
    TOKEN_IDLE_TTL = Setting[timedelta](timedelta(days=30), "A token ends when it was not used for this long.")
    TOKENS_PER_USER = Setting[int](20, "Signing in on one more device ends the session unused the longest.")
    AUTHENTICATION_CLASSES = ClassPaths(
        None,
        "Dotted paths of the authentication classes of every endpoint and socket. None: our tokens where "
        "find_friend.accounts is installed, then the classes the site set in REST_FRAMEWORK, or else the session.",
        to=Target("rest_framework.authentication.BaseAuthentication"),
        rule=A_CLASS,
    )
    PASSWORD_RESET_TTL = Setting[timedelta](timedelta(hours=1), "How long a password reset link works.")
    EMAIL_VERIFICATION_TTL = Setting[timedelta](timedelta(days=3), "How long a link that confirms an address works.")
    EMAIL_TOKEN_TRIES = Setting[int](5, "Wrong tries after which a mailed link is dead.")
    EMAIL_SENDER = ClassPath(
        "find_friend.accounts.mail.send_in_background",
        "Function that takes a django.core.mail.EmailMessage and sends it, now or later.",
        to=Target(call=("message",)),
    )
    LINKS = Mapping(
        {"password_reset": None, "verify_email": None, "change_email": None},
        "Addresses put into mails, with {uid} and {token} in them, or dotted paths of functions that make them from "
        "(user, uid=, token=); None: a page behind PAGES_ORIGIN, or else the mail shows uid and token.",
        noun="mail",
    )
    PAGES_ORIGIN = Setting[str | None](
        None,
        'Where the pages are, such as "https://example.com": mails lead there. It is never taken from a request.',
        types=(str, type(None)),
        rule=ORIGIN,
    )
    PASSWORD_HASH_SLOTS = Setting[int | None](
        None,
        "Passwords one process hashes at the same time; more wait half a second, then get 429. "
        "None: one less than the processors.",
        types=OPTIONAL_INT,
    )

    # friends
    FRIEND_REQUEST_MESSAGE_MAX_LENGTH = Setting[int](
        300, "Longest message of a friend request, in characters.", rule=NOT_NEGATIVE
    )
    FRIEND_REQUEST_COOLDOWN = Setting[timedelta](
        timedelta(days=7),
        "A declined person may ask again after this long, and so may one who has withdrawn three requests.",
        rule=NOT_NEGATIVE,
    )

    # chat
    CHAT_HISTORY_SIZE = Setting[int](
        30, "How many messages a chat shows when it is opened, at most 500.", rule=between(0, 500)
    )
    CHAT_MESSAGE_MAX_LENGTH = Setting[int](1000, "Longest message, in characters.")
    CHAT_EDIT_WINDOW = Setting[timedelta](
        timedelta(days=2),
        "How long after it was sent a message may be edited or deleted by its sender.",
        rule=NOT_NEGATIVE,
    )
    CHAT_CONTENT_HOOK = ClassPath(
        None,
        "Function that is given the text of each message before it is stored, and returns it, returns another, "
        "flags it or refuses it.",
        to=Target(call=("text", "sender=", "chat=")),
    )
    CHAT_FRAME_RATE = Setting[float](10, "Frames a second one socket may send in the long run.", types=NUMBER)
    CHAT_FRAME_BURST = Setting[int](20, "Frames one socket may send at once.")
    CHAT_SOCKETS_PER_USER = Setting[int](10, "Sockets one user may hold open in one server process.")
    CHAT_SWEEP_INTERVAL = Setting[float](
        25, "Seconds after which an open socket looks for lost messages and rights.", types=NUMBER
    )
    CHAT_LAYER_TIMEOUT = Setting[float](2, "Seconds to wait for the channel layer.", types=NUMBER)
    CHAT_LOCK_TIMEOUT = Setting[float](
        0.2,
        "Seconds that messages of other chats wait for a chat which another transaction holds.",
        types=NUMBER,
        rule=NOT_NEGATIVE,
    )
    CHAT_WRITE_TIMEOUT = Setting[float](
        10, "Seconds after which a message that could not be stored is given up; its sender is told.", types=NUMBER
    )
    CHAT_QUEUE_SIZE = Setting[int](10_000, "Messages of one process waiting to be stored; more are answered busy.")
    CHAT_OUTBOX_SIZE = Setting[int](
        256, "Frames kept for a socket that reads slowly; what is beyond it reads from the database later."
    )
    CHAT_SEND_TIMEOUT = Setting[float](30, "Seconds after which a socket that takes no frame is closed.", types=NUMBER)
    CHAT_HEARTBEAT = Setting[float](25, "Seconds between the pings of a client of ff.chat.v1.", types=NUMBER)
    CHAT_SOCKET_MAX_AGE = Setting[timedelta](
        timedelta(hours=12), "After this long, more or less, a socket is closed with 1012 and comes back."
    )
    CHAT_DRAIN_SECONDS = Setting[float](
        10, "Seconds over which a draining process closes its sockets.", types=NUMBER, rule=NOT_NEGATIVE
    )
    CHAT_CHANNEL_LAYER = Setting[str]("default", "Alias of the channel layer in CHANNEL_LAYERS.")
    WEBSOCKET_ALLOWED_ORIGINS = Setting[Sequence[str]](
        (),
        'Origins such as "https://app.example.com" that may open sockets besides the site\'s own.',
        types=(list, tuple),
        rule=ORIGINS,
    )
    WEBSOCKET_TICKET_TTL = Setting[timedelta](timedelta(seconds=30), "How long a socket ticket works.")
    ERASE_MESSAGES_OF_DELETED_USERS = Setting[bool](
        False, "Deleting a user empties the texts they sent; the messages keep their places."
    )

    # both
    POLICY = ClassPath(
        None,
        "The Policy class. None: FriendsPolicy with find_friend.friends, or else the open Policy.",
        to=Target("find_friend.policies.Policy"),
    )
    SERIALIZERS = Mapping({}, "Dotted path of the serializer of a role.", noun="role")
    PERMISSION_CLASSES = ClassPaths(
        (),
        "Permission classes that every endpoint asks after its own. Those for guests, such as sign-up, ask none.",
        to=Target("rest_framework.permissions.BasePermission"),
    )
    THROTTLE_CLASSES = ClassPaths(
        ("find_friend.throttling.ScopeThrottle",),
        "Throttles of every endpoint. Subclasses of ScopeThrottle are made for each scope of the endpoint, with its "
        "name; others once, without arguments.",
        to=Target("rest_framework.throttling.BaseThrottle"),
    )
    PAGINATION_CLASS = ClassPath(
        "find_friend.pagination.CursorPage",
        "How lists are cut into pages; the history of a chat has pages of its own.",
        to=Target("rest_framework.pagination.BasePagination"),
    )
    TRUSTED_PROXIES = Setting[int](
        0,
        "How many proxies in front of the site append to X-Forwarded-For. 0: the header is ignored.",
        rule=NOT_NEGATIVE,
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
        noun="scope",
    )
    METRICS_TOKEN = Setting[str | None](
        None,
        "What Prometheus has to send as Authorization: Bearer to read the metrics page. None: nobody can read it.",
        types=(str, type(None)),
        secret=True,
    )
    READINESS_TIMEOUT = Setting[float](
        2, "Seconds that each check of the readiness page may take; a check that takes longer has failed.", types=NUMBER
    )
    READINESS_OPTIONAL = Setting[Sequence[str]](
        ("channel_layer",),
        "Names of readiness checks that are shown when they fail, but take no process out of service.",
        types=(list, tuple),
    )
    PAGE_SIZE = Setting[int](20, "Items of a page when the client does not say.")
    PAGE_MAX_SIZE = Setting[int](100, "Most items of a page.")


app_settings = AppSettings()

DEFINITIONS: dict[str, Setting[Any]] = {
    name: setting for name, setting in vars(AppSettings).items() if isinstance(setting, Setting)
}
