"""The source of the diagrams: ``python docs/diagrams/draw.py`` writes one SVG file for each into this folder.

They need no font and no program. Inside of the documentation their colors are those of the theme, light or dark; a file
that is looked at by itself follows the system.
"""

from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
STYLE = """
.diagram { color-scheme: light dark; font: 13px/1 system-ui, "DejaVu Sans", Arial, sans-serif;
  max-width: 100%; height: auto;
  --d-ink: var(--color-foreground-primary, light-dark(#1d2330, #e8eaf0));
  --d-soft: var(--color-foreground-secondary, light-dark(#5a6478, #a3acbf));
  --d-paper: var(--color-background-primary, light-dark(#ffffff, #131416));
  --d-box: var(--color-background-secondary, light-dark(#f3f4f8, #1f232c));
  --d-line: var(--color-foreground-border, light-dark(#878787, #8a8f98));
  --d-accent: var(--color-brand-primary, light-dark(#0a4bff, #7aa2ff)); }
.diagram .paper { fill: var(--d-paper); }
.diagram .box { fill: var(--d-box); stroke: var(--d-line); }
.diagram .ours { stroke: var(--d-accent); stroke-width: 1.5; }
.diagram .group { fill: none; stroke: var(--d-line); stroke-dasharray: 2 4; }
.diagram text { fill: var(--d-ink); }
.diagram .title { font-weight: 600; }
.diagram .halo, .diagram .label { stroke: var(--d-paper); stroke-width: 4; paint-order: stroke; }
.diagram .soft { fill: var(--d-soft); font-size: 12px; }
.diagram .arrow, .diagram .rule { fill: none; stroke: var(--d-soft); stroke-width: 1.3; }
.diagram .dashed { stroke-dasharray: 5 4; }
.diagram .head { fill: var(--d-soft); }
.diagram .label { fill: var(--d-soft); font-size: 12px; }
"""
LINE = 17  # pixels from one line of text to the next


class Drawing:
    """Collects shapes; ``svg()`` is the picture. ``title`` and ``description`` are for people who cannot see it."""

    def __init__(self, name, width, height, title, description):
        self.name, self.size = name, (width, height)
        self.title, self.description = title, description
        self.shapes = []

    def text(self, x, y, text, kind="", anchor="middle"):
        attribute = f' class="{kind}"' if kind else ""
        self.shapes.append(
            f'<text x="{x}" y="{y}" text-anchor="{anchor}"{attribute}>{escape(text, quote=False)}</text>'
        )

    def box(self, x, y, width, height, title, *lines, kind="", anchor="middle"):
        """A titled box with its lines below; the whole text is in its middle."""
        self.shapes.append(
            f'<rect class="{f"box {kind}".strip()}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
        )
        at = x + width / 2 if anchor == "middle" else x + 10
        top = y + (height - LINE * (1 + len(lines))) / 2 + 13
        self.text(at, top, title, "title", anchor)
        for number, line in enumerate(lines, 1):
            self.text(at, top + LINE * number, line, "soft", anchor)

    def group(self, x, y, width, height, title):
        self.shapes.append(f'<rect class="group" x="{x}" y="{y}" width="{width}" height="{height}" rx="10"/>')
        self.text(x + 12, y + 18, title, "soft", "start")

    def arrow(self, *points, label="", at=None, kind="", anchor="middle"):
        """A line through the points with a head at its end; the label stands at ``at``, or above the middle."""
        path = " ".join(f"{x},{y}" for x, y in points)
        self.shapes.append(
            f'<polyline class="{f"arrow {kind}".strip()}" points="{path}" marker-end="url(#{self.name}-head)"/>'
        )
        if label:
            (x1, y1), (x2, y2) = points[0], points[-1]
            x, y = at or ((x1 + x2) / 2, (y1 + y2) / 2 - 6)
            self.text(x, y, label, "label", anchor)

    def rule(self, *points, kind=""):
        path = " ".join(f"{x},{y}" for x, y in points)
        self.shapes.append(f'<polyline class="{f"rule {kind}".strip()}" points="{path}"/>')

    def svg(self):
        width, height = self.size
        head = f'<svg class="diagram" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        return "\n".join(
            [
                f'{head} role="img" aria-labelledby="{self.name}-title {self.name}-description">',
                f'<title id="{self.name}-title">{escape(self.title)}</title>',
                f'<desc id="{self.name}-description">{escape(self.description)}</desc>',
                f"<style>{STYLE}</style>",
                f'<defs><marker id="{self.name}-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7"'
                ' markerHeight="7" orient="auto"><path class="head" d="M0 0 10 5 0 10z"/></marker></defs>',
                f'<rect class="paper" width="{width}" height="{height}"/>',
                *self.shapes,
                "</svg>\n",
            ]
        )


def layers():
    d = Drawing(
        "layers",
        780,
        470,
        "Who imports whom",
        "The site imports the apps. Accounts, friends and chat do not import each other; all stand on the core. The"
        " core and the apps stand on Django, Django REST framework and django-model-utils; only chat imports Channels.",
    )
    d.box(20, 20, 480, 62, "your site", "settings, urls.py, asgi.py; policies, serializers, templates, receivers")
    d.box(530, 20, 230, 62, "find_friend.openapi", "extra: describes what is there", kind="ours")
    for x, name, first, second in (
        (20, "accounts", "sign-up, tokens, passwords", "profiles, people search"),
        (275, "friends", "requests, friendships, blocks", "FriendsPolicy"),
        (530, "chat", "chats, messages", "sockets and their delivery"),
    ):
        d.box(x, 150, 230, 80, f"find_friend.{name}", first, second, kind="ours")
    for x in (135, 390):
        d.arrow((x, 82), (x, 148))
    d.arrow((470, 82), (560, 148))
    d.arrow((645, 82), (645, 148))
    d.text(262, 195, "✕", "soft")
    d.text(517, 195, "✕", "soft")
    first = "settings and checks, policy, roles of serializers, views, throttles, signals after commit"
    second = "knows none of the apps: it asks Django which are installed"
    d.box(20, 290, 640, 80, "find_friend", first, second, kind="ours")
    for x in (135, 390, 600):
        d.arrow((x, 230), (x, 288))
    d.box(20, 415, 480, 40, "Django, Django REST framework, django-model-utils")
    d.box(530, 415, 230, 40, "Channels")
    d.arrow((260, 370), (260, 413))
    d.arrow((710, 230), (710, 413))
    return d


def message():
    d = Drawing(
        "message",
        780,
        580,
        "The way of a message",
        "A frame of a socket goes through the consumer into the writer of its process, which stores many messages in"
        " one transaction. HTTP and code of the site call chat.post, which stores one through the ORM. After the commit"
        " the hub hands the message to the sockets of its own process and publishes it once for all other processes.",
    )
    d.group(205, 14, 320, 466, "server process A")
    d.box(20, 60, 145, 50, "sender's socket")
    d.box(20, 250, 145, 62, "your code", "a view, a worker,", "the shell")
    d.box(225, 50, 280, 66, "consumer", "reads the frame by its protocol,", "limits the rate", kind="ours")
    d.box(225, 150, 280, 66, "writer", "what arrived while the last commit ran", "is the next batch", kind="ours")
    d.box(225, 250, 280, 62, "chat.post()", "one message, through the ORM", kind="ours")
    d.box(225, 394, 280, 66, "hub", "the sockets of each chat, in order of seq,", "each message once", kind="ours")
    steps = ("1. lock the chats", "2. ask membership,", "policy, sign-in, client_id", "3. number and insert")
    d.box(575, 130, 185, 204, "database", "one transaction:", *steps, "4. count, mark as read", "5. commit")
    d.arrow((165, 85), (223, 85), label="text", at=(192, 78))
    d.arrow((365, 116), (365, 148))
    d.arrow((505, 183), (573, 183), label="batch", at=(538, 176))
    d.arrow((165, 281), (223, 281))
    d.arrow((505, 281), (573, 281), label="one", at=(538, 274))
    d.arrow((668, 334), (668, 427), (507, 427), label="committed", at=(668, 382))
    d.box(20, 394, 145, 66, "sockets of A", "ack to the sender,", "msg to everybody")
    d.arrow((225, 427), (167, 427))
    d.arrow((365, 460), (365, 514), label="one publication for each batch", at=(365, 496))
    d.box(225, 516, 280, 50, "channel layer", "one group for all processes")
    d.box(575, 516, 185, 50, "hub of process B", "and its sockets", kind="ours")
    d.arrow((505, 541), (573, 541), kind="dashed", label="may be lost", at=(539, 505))
    return d


def repair():
    d = Drawing(
        "repair",
        780,
        640,
        "How a lost message is found",
        "Process B hears of message 43 but not of 42. It waits 0.2 seconds, reads both from the database and hands them"
        " on in order. Every 25 seconds at most a sweep compares all open chats with the database. A client that comes"
        " back names the last message it has and gets what followed.",
    )
    lanes = {"A": 85, "layer": 240, "B": 395, "db": 550, "client": 695}
    for name, title in zip(lanes, ("process A", "channel layer", "process B", "database", "client of B"), strict=True):
        d.box(lanes[name] - 65, 16, 130, 34, title, kind="ours" if name in "AB" else "")
        d.rule((lanes[name], 50), (lanes[name], 630), kind="dashed")

    def call(start, end, y, label, kind=""):
        d.arrow((lanes[start], y), (lanes[end], y), label=label, kind=kind)

    def note(y, text):
        d.text(lanes["B"], y, text, "label")

    def part(y, title):
        d.rule((20, y), (760, y))
        d.text(20, y + 18, title, "title halo", "start")

    part(64, "A gap")
    call("A", "layer", 108, "42")
    d.text((lanes["layer"] + lanes["B"]) / 2, 112, "lost ✕", "label")
    call("A", "layer", 140, "43")
    call("layer", "B", 140, "43")
    note(166, "has passed on 41: 42 is missing, waits 0.2 s")
    call("B", "db", 196, "what is after 41?")
    call("db", "B", 226, "42, 43", "dashed")
    call("B", "client", 256, "42, then 43")
    part(286, "The sweep: every 25 s at most, whatever the layer does")
    call("B", "db", 338, "last numbers, rights")
    call("db", "B", 368, "this chat is at 45", "dashed")
    call("B", "db", 398, "what is after 43?")
    call("db", "B", 428, "44, 45", "dashed")
    call("B", "client", 458, "44, then 45")
    part(488, "Coming back (ff.chat.v1)")
    call("client", "B", 540, "?after=45")
    call("B", "db", 570, "what is after 45?")
    call("db", "B", 600, "46", "dashed")
    call("B", "client", 626, "hello, 46; or reset, and the newest")
    return d


TABLES = {
    # app, x, y: the tables from there downwards
    ("accounts", 20, 40): {
        "Profile": ("user →, city →, interests →", "birthday, about, avatar …"),
        "Interest": ("name, search_key",),
        "City": ("name, country, population …",),
        "EmailAddress": ("user →, email, digest", "verified_at"),
        "EmailToken": ("user →, purpose, digest", "tries, expires_at"),
        "AuthToken": ("user →, digest, device", "last_used_at, expires_at"),
        "BrowserSession": ("user →, session_key", "user_agent, last_used_at …"),
    },
    ("friends", 285, 40): {
        "FriendRequest": ("from_user →, to_user →", "status, pair_key, open_key"),
        "Friendship": ("user →, friend →", "pair_key; two rows, one a side"),
        "Block": ("blocker →, blocked →", "pair_key"),
    },
    ("chat", 550, 40): {
        "Chat": ("initiator →, receiver →", "pair_key, last_seq, last_event"),
        "Membership": ("chat →, user →", "read_seq"),
        "Message": ("chat →, seq, sender →, text", "client_id, edited_at, deleted_at"),
        "MessageEvent": ("message →, chat →, number",),
        "Privacy": ("user →, read_receipts, typing …",),
        "Ticket": ("user →, digest, expires_at",),
    },
}


def tables():
    d = Drawing(
        "tables",
        780,
        530,
        "The tables",
        "The tables of each app with their main columns. Accounts, friends and chat refer to the user model of the site"
        " and never to each other.",
    )
    for (app, x, y), found in TABLES.items():
        d.group(x - 12, y - 28, 240, 440, f"find_friend.{app}")
        for name, lines in found.items():
            height = 14 + LINE * (1 + len(lines))
            d.box(x, y, 216, height, name, *lines, kind="ours", anchor="start")
            y += height + 9
        d.arrow((x + 108, 452), (x + 108, 478), label="user →", at=(x + 138, 470))
    d.box(20, 480, 746, 40, "settings.AUTH_USER_MODEL", "the user model of your site: any key, any columns")
    return d


ALL = (layers, message, repair, tables)


def main():
    for make in ALL:
        drawing = make()
        (HERE / f"{drawing.name}.svg").write_text(drawing.svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
