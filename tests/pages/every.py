"""Every page of the package, and as whom it is looked at."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.urls import reverse


@dataclass
class Page:
    """One page. ``args`` are keys of the seed; a pair is looked up in two steps."""

    name: str
    url: str
    who: str | None = "Ann"
    args: tuple = ()
    query: dict = field(default_factory=dict)
    status: int = 200

    def path(self, seed):
        path = reverse(self.url, args=[look_up(seed, key) for key in self.args])
        return f"{path}?{urlencode(self.query)}" if self.query else path


def look_up(seed, key):
    return seed[key[0]][key[1]] if isinstance(key, tuple) else seed.get(key, key)


def accounts(name, url, *args, **more):
    return Page(name, f"find_friend_accounts_pages:{url}", args=args, **more)


def friends(name, url, *args, **more):
    return Page(name, f"find_friend_friends_pages:{url}", args=args, **more)


def chat(name, url, *args, **more):
    return Page(name, f"find_friend_chat_pages:{url}", args=args, **more)


LINK = ("MQ", "a-token")  # of a mail
PAGES = [
    Page("start-guest", "find_friend_pages:home", None),
    Page("start", "find_friend_pages:home"),
    Page("start-nothing-new", "find_friend_pages:home", "Zoe"),
    accounts("sign-up", "sign-up", who=None),
    accounts("sign-in", "sign-in", who=None),
    accounts("password-reset", "password-reset", who=None),
    accounts("password-reset-sent", "password-reset-sent", who=None),
    accounts("password-reset-code", "password-reset-code", who=None),
    accounts("password-reset-confirm", "password-reset-confirm", *LINK, who=None),
    accounts("verify-email", "verify-email", *LINK, who=None),
    accounts("verify-email-code", "verify-email-code", who=None),
    accounts("change-email-confirm", "change-email-confirm", *LINK, who=None),
    accounts("change-email-code", "change-email-code", who=None),
    accounts("profile", "profile"),
    accounts("profile-empty", "profile", who="Zoe"),
    accounts("picture", "picture"),
    accounts("picture-none", "picture", who="Zoe"),
    accounts("email", "email"),
    accounts("password", "password"),
    accounts("devices", "devices"),
    accounts("data", "data"),
    accounts("delete", "delete"),
    accounts("people", "people"),
    accounts("people-filtered", "people", query={"age_min": "20", "search": "e"}),
    accounts("people-nobody", "people", query={"search": "Nobody has this name"}),
    accounts("people-wrong", "people", query={"age_min": "300", "city": "Atlantis"}),
    accounts("person-self", "person", ("keys", "Ann")),
    accounts("person-friend", "person", ("keys", "Mia")),
    accounts("person-asking", "person", ("keys", "Leo")),
    accounts("person-asked", "person", ("keys", "Tom")),
    accounts("person-stranger", "person", ("keys", "Zoe")),
    accounts("not-there", "person", "999999", status=404),
    friends("friends", "friends"),
    friends("friends-none", "friends", who="Zoe"),
    friends("requests", "requests"),
    friends("requests-none", "requests", who="Zoe"),
    friends("sent-requests", "sent-requests"),
    friends("sent-requests-none", "sent-requests", who="Zoe"),
    friends("blocks", "blocks"),
    friends("blocks-none", "blocks", who="Zoe"),
    friends("ask", "ask", ("keys", "Zoe")),
    friends("unfriend", "unfriend", ("keys", "Mia")),
    friends("block", "block", ("keys", "Mia")),
    chat("chats", "chats"),
    chat("chats-none", "chats", who="Zoe"),
    chat("room", "room", "talk"),
    chat("room-empty", "room", "chat"),
    chat("room-long", "room", "long"),
    chat("room-earlier", "room", "long", query={"before_seq": "500"}),
    chat("room-ended", "room", "ended"),
    chat("message-edit", "edit", "talk", "own"),
    chat("message-delete", "delete", "talk", "own"),
    chat("privacy", "privacy"),
    chat("room-of-others", "room", "talk", who="Zoe", status=403),
]

# Addresses of buttons, of scripts and of a file: they have no page of their own.
NO_PAGES = {
    "find_friend_accounts_pages": {
        "sign-out",
        "picture-remove",
        "resend-verification",
        "devices-end",
        "browser-end",
        "device-end",
        "data-export",
        "interests",
        "cities",
    },
    "find_friend_friends_pages": {"accept", "decline", "withdraw", "unblock"},
    "find_friend_chat_pages": {"start", "read"},
}
