"""Decides offline, from what the clients saw and what the database holds, whether the promise was kept.

I0: every acknowledged message is in the database exactly once; every member connected or reconnecting gets it, in the
order of seq, without gaps, within the bound after the last fault is mended; what was not acknowledged appears at
most once; nobody else gets any.
"""

from collections import defaultdict
from dataclasses import dataclass, field

# Answers after which a text is not stored, neither now nor later.
REFUSALS = {"malformed", "too_long", "blank", "invalid", "forbidden"}


@dataclass
class Problem:
    kind: str
    text: str
    evidence: list = field(default_factory=list)

    def __str__(self):
        return "\n".join([f"{self.kind}: {self.text}", *(f"    {line}" for line in self.evidence[:12])])


@dataclass
class Bounds:
    delivery: float = 30.0  # seconds, after the last fault that it fell into
    removal: float = 1.0  # seconds after the answer to whoever took the right away
    history: int = 30  # CHAT_HISTORY_SIZE


def check(events, rows, members, bounds=None, *, delivers=True):
    """Every problem. ``rows``: dicts of the messages; ``members``: chat id -> ids of the users in it.

    ``delivers`` is false for a history that was cut off, where what is still on its way proves nothing.
    """
    checker = Checker(events, rows, members, bounds or Bounds())
    checker.rows_are_sound()
    checker.acknowledged_is_stored()
    checker.connections_are_ordered()
    checker.what_was_seen_is_stored()
    checker.rights_are_kept()
    checker.no_server_errors()
    if delivers:
        checker.everybody_gets_everything()
        checker.everything_is_answered()
        checker.copies_agree()
    return checker.problems


class Checker:
    def __init__(self, events, rows, members, bounds):
        self.events = sorted(events, key=lambda event: event["t"])
        self.rows, self.members, self.bounds = rows, members, bounds
        self.problems = []
        self.end = self.events[-1]["t"] if self.events else 0.0
        self.by = defaultdict(list)
        for event in self.events:
            self.by[event["e"]].append(event)
        self.row_of = {(row["chat"], row["seq"]): row for row in rows}
        self.row_of_id = {row["id"]: row for row in rows}
        self.seq_of_id = {row["id"]: row["seq"] for row in rows}
        self.clients = {event["client"]: event for event in self.by["start"]}
        self.stopped = {event["client"]: event["t"] for event in self.by["stop"]}
        self.faults = self.windows()
        self.received = defaultdict(dict)  # client -> seq -> first event
        for event in self.by["receive"]:
            seq = self.seq(event)
            if seq is not None:
                self.received[event["client"]].setdefault(seq, event)

    def problem(self, kind, text, *evidence):
        self.problems.append(Problem(kind, text, list(evidence)))

    def seq(self, event):
        return event["seq"] if "seq" in event else self.seq_of_id.get(event["id"])

    def windows(self):
        """(begin, end, clients) of each fault; one that was never mended lasts until the end.

        A fault that names ``clients`` excuses nobody else.
        """
        found, begun = [], {}
        for event in self.events:
            if event["e"] == "fault":
                begun[event["what"]] = event["t"], event.get("clients")
            elif event["e"] == "healed" and event["what"] in begun:
                begin, clients = begun.pop(event["what"])
                found.append((begin, event["t"], clients))
        found += [(begin, self.end, clients) for begin, clients in begun.values()]
        return sorted(found, key=lambda window: window[0])

    def deadline(self, since, client):
        """When something that was due at ``since`` has to be done. Faults meanwhile give it the time anew."""
        limit = since + self.bounds.delivery
        for begin, end, clients in self.faults:
            if begin < limit and end > since and (clients is None or client in clients):
                limit = max(limit, end + self.bounds.delivery)
        return limit

    # what is stored

    def rows_are_sound(self):
        chats, texts, keys = defaultdict(list), defaultdict(list), defaultdict(list)
        for row in self.rows:
            chats[row["chat"]].append(row["seq"])
            if row.get("deleted_at") is None and row.get("edited_at") is None:
                texts[row["chat"], row["sender"], row["text"]].append(row)
            if row["client_id"] is not None:
                keys[row["chat"], row["sender"], row["client_id"]].append(row)
        for chat, numbers in chats.items():
            if sorted(numbers) != list(range(1, len(numbers) + 1)):
                self.problem("hole", f"the numbers of chat {chat} are not 1 to {len(numbers)}", sorted(numbers))
        for same in [*texts.values(), *keys.values()]:
            if len(same) > 1:
                self.problem("stored_twice", f"{len(same)} rows of one message", *same)
        sent = {(event["chat"], event["user"], event["text"]) for event in self.by["invoke"]}
        sent |= {(event["chat"], event["user"], event["text"]) for event in self.by["edit"]}
        for (chat, sender, text), same in texts.items():
            if sender is not None and (chat, sender, text) not in sent:
                self.problem("never_sent", "a row that nobody sent", *same)
        for event in self.by["invoke"]:
            if event["user"] not in self.members.get(event["chat"], ()):
                for row in texts.get((event["chat"], event["user"], event["text"]), ()):
                    self.problem("stranger_stored", "a stranger's message was stored", event, row)

    def acknowledged_is_stored(self):
        texts = {}
        for event in self.by["invoke"]:
            texts.setdefault((event["chat"], event["user"], event["client_id"]), event["text"])
        answers = defaultdict(list)
        for event in self.by["ack"]:
            row = self.row_of_id.get(event["id"])
            client_id = event.get("client_id")
            if row is None:
                self.problem("not_stored", f"acknowledged message {event['id']} is not in the database", event)
                continue
            text = event["text"] if client_id is None else texts.get((event["chat"], event["user"], client_id))
            changed = row.get("edited_at") is not None or row.get("deleted_at") is not None
            wrong = row["chat"] != event["chat"] or row["sender"] not in (event["user"], None)
            wrong |= "seq" in event and row["seq"] != event["seq"]
            wrong |= text is None or (row["text"] != text and not changed)
            wrong |= client_id is not None and row["client_id"] != client_id
            if wrong:
                self.problem("wrong_ack", "the row is not what was acknowledged", event, row)
            answers[event["chat"], event["user"], client_id or text].append(event)
        for events in answers.values():
            if len({event["id"] for event in events}) > 1:
                self.problem("acks_differ", "one message, two answers", *events)
            fresh = [event for event in events if event.get("dup") is False]
            if len(fresh) > 1:
                self.problem("acks_differ", "acknowledged as new more than once", *fresh)
        stored = {(row["chat"], row["sender"], row["text"]): row for row in self.rows}
        refused = {}
        for event in self.by["err"]:
            if event["code"] in REFUSALS and event.get("client_id"):
                refused[event["chat"], event["user"], event["client_id"]] = event
        for key, event in refused.items():
            row = stored.get((key[0], key[1], texts.get(key)))
            # A repeat may be refused for a right that has ended since the first try was stored.
            if row is not None and event["code"] != "forbidden":
                self.problem("refused_but_stored", "refused, and stored all the same", event, row)

    # what was seen

    def what_was_seen_is_stored(self):
        for event in self.by["receive"]:
            row = self.row_of_id.get(event["id"])
            if row is None:
                self.problem("phantom", f"received message {event['id']} is not in the database", event)
                continue
            same = row["chat"] == event["chat"] and row["seq"] == self.seq(event)
            same &= event["sender"] == row["sender"] or row["sender"] is None
            same &= event["text"] == row["text"] or bool(row.get("edited_at") or row.get("deleted_at"))
            if not same:
                self.problem("altered", "what was received is not what is stored", event, row)
            if event.get("client_id") and event["user"] != event["sender"]:
                self.problem("client_id_shown", "another person's client_id", event)
        for event in self.by["receive"] + self.by["edited"] + self.by["deleted"] + self.by["hello"]:
            if event["user"] not in self.members.get(event["chat"], ()):
                self.problem("stranger", "somebody received who is no member", event)

    def connections_are_ordered(self):
        frames = defaultdict(list)
        for event in self.events:
            if event["e"] in ("open", "hello", "reset", "receive", "edited", "deleted"):
                frames[event["client"], event["connection"]].append(event)
        for (client, _connection), events in frames.items():
            protocol = self.clients[client]["protocol"] if client in self.clients else "v1"
            (self.check_v1 if protocol == "v1" else self.check_plain)(events)

    def check_v1(self, events):
        expected = newest = hello = before = None
        for event in events:
            kind = event["e"]
            if kind == "open":
                expected = None if event["after"] is None else event["after"] + 1
                newest = event.get("after_event")
            elif kind == "hello":
                hello = event
                if expected is None and event["last_seq"] == 0:
                    expected = 1
            elif kind == "reset":
                expected, newest = event["first_seq"], None
            elif kind == "receive":
                if hello is None:
                    self.problem("no_hello", "a message before hello", event)
                if expected is None:
                    # Newest history: it may start later than hello said, never after what hello knew.
                    first = max(1, hello["last_seq"] - self.bounds.history + 1) if hello else 1
                    if event["seq"] > (hello["last_seq"] + 1 if hello else event["seq"]) or event["seq"] < first:
                        self.problem("gap", f"history begins at {event['seq']}", hello, event)
                    expected = event["seq"]
                self.in_turn(expected, event["seq"], before, event)
                expected, before = max(expected, event["seq"] + 1), event
            else:
                if newest is not None and event["event"] <= newest:
                    self.problem("events_reordered", f"event {event['event']} after {newest}", event)
                newest = event["event"]

    def check_plain(self, events):
        seen = [event for event in events if event["e"] == "receive"]
        numbers = [self.seq(event) for event in seen]
        if not numbers or None in numbers:
            return  # a phantom, reported elsewhere
        history = 1
        while history < len(numbers) and numbers[history] == numbers[history - 1] - 1:
            history += 1
        if history < min(self.bounds.history, numbers[0]) and len(numbers) > history:
            self.problem("gap", f"history of {history} messages from {numbers[0]} down", *seen[: history + 1])
        expected = numbers[0] + 1
        for number, before, event in zip(numbers[history:], seen[history - 1 :], seen[history:], strict=False):
            self.in_turn(expected, number, before, event)
            expected = max(expected, number + 1)

    def in_turn(self, expected, number, before, event):
        if number > expected:
            self.problem("gap", f"{number} where {expected} was next", before, event)
        elif number < expected:
            earlier = self.received[event["client"]].get(number)
            if earlier is not None and earlier is not event:
                self.problem("duplicate", f"{number} once more", earlier, event)
            else:
                self.problem("reordered", f"{number} where {expected} was next", before, event)

    # whether everything arrives

    def first_sign(self):
        """chat, seq -> the earliest time at which somebody knew that the row is there."""
        signs = {}
        for event in self.by["ack"] + self.by["receive"]:
            key = event["chat"], self.seq(event)
            signs[key] = min(signs.get(key, event["t"]), event["t"])
        invoked = {}
        for event in self.by["invoke"]:
            invoked.setdefault((event["chat"], event["user"], event["text"]), event["t"])
        for row in self.rows:
            key = row["chat"], row["seq"]
            if key not in signs:
                # Nobody was told; the time of the last try is the earliest fair one.
                signs[key] = invoked.get((row["chat"], row["sender"], row["text"]), self.end)
        return signs

    def until(self, client):
        """Until when a client had a claim: it left, or its right was being taken away."""
        start = self.clients[client]
        limits = [self.stopped.get(client, self.end)]
        for event in self.by["removing"]:
            if event["user"] == start["user"] and event["chat"] == start["chat"] and event["t"] >= start["t"]:
                limits.append(event["t"])
        return min(limits)

    def everybody_gets_everything(self):
        signs = self.first_sign()
        per_chat = defaultdict(list)
        for row in self.rows:
            per_chat[row["chat"]].append(row)
        for client, start in self.clients.items():
            got, until = self.received[client], self.until(client)
            base = self.base(client, start)
            excused = self.excused(client) if start["protocol"] == "plain" else []
            for row in per_chat[start["chat"]]:
                since = signs[row["chat"], row["seq"]]
                deadline = self.deadline(max(since, start["t"]), client)
                event = got.get(row["seq"])
                if row["seq"] < base or any(row["seq"] in gap for gap in excused):
                    continue
                if event is None and deadline < until:
                    self.problem("lost", f"{client} never got {row['seq']}, known since {since:.3f}", start, row)
                elif event is not None and event["t"] > deadline:
                    late = event["t"] - deadline
                    self.problem("late", f"{client} got {row['seq']} {late:.1f} s after its deadline", event)

    def base(self, client, start):
        """The first message that a client has a claim to: the protocol shows no more than the newest of the past."""
        firsts = []
        for event in self.events:
            if event.get("client") != client:
                continue
            if event["e"] == "reset":
                firsts.append(event["first_seq"])
            elif event["e"] == "hello" and not event["resumed"]:
                firsts.append(max(1, event["last_seq"] - self.bounds.history + 1))
        if start["protocol"] == "v1":
            return max(firsts, default=1)
        first = next((event for event in self.by["receive"] if event["client"] == client), None)
        return self.seq(first) or 1 if first else 1

    def excused(self, client):
        """What a plain client cannot see: more than the newest messages came while it was not connected."""
        connections = defaultdict(list)
        for seq, event in self.received[client].items():
            connections[event["connection"]].append(seq)
        found, newest = [], None
        for _connection, numbers in sorted(connections.items()):
            if newest is not None:
                found.append(range(newest + 1, min(numbers)))
            newest = max(newest or 0, *numbers)
        return [gap for gap in found if len(gap)]

    def everything_is_answered(self):
        answered = {
            (event["client"], event["client_id"])
            for event in self.by["ack"] + self.by["err"]
            if event.get("client_id") and event.get("code") not in ("rate", "busy")
        }
        for event in self.by["invoke"]:
            client = event["client"]
            if event["client_id"] is None or client not in self.clients:
                continue  # nobody repeats it
            if (client, event["client_id"]) not in answered and self.deadline(event["t"], client) < self.until(client):
                self.problem("unanswered", "sent again and again without an answer", event)

    def copies_agree(self):
        """What a client shows in the end is what is stored, edits and deletions included."""
        changed = [row for row in self.rows if row.get("edited_at") or row.get("deleted_at")]
        if not changed:
            return
        shown = defaultdict(dict)
        for event in self.events:
            if event["e"] in ("receive", "edited"):
                shown[event["client"]][self.seq(event)] = event["text"]
            elif event["e"] == "deleted":
                shown[event["client"]][event["seq"]] = ""
            elif event["e"] == "reset":
                shown[event["client"]].clear()
        changes = defaultdict(float)
        for event in self.by["changed"]:
            changes[event["chat"], event["seq"]] = event["t"]
        for client, start in self.clients.items():
            for row in changed:
                since = changes.get((row["chat"], row["seq"]), 0.0)
                if start["protocol"] != "v1" or row["chat"] != start["chat"] or row["seq"] not in shown[client]:
                    continue
                if shown[client][row["seq"]] != row["text"] and self.deadline(since, client) < self.until(client):
                    self.problem("stale", f"{client} still shows {shown[client][row['seq']]!r}", row)

    # rights and errors

    def rights_are_kept(self):
        stored = {(row["chat"], row["sender"], row["text"]): row for row in self.rows}
        for removed in self.by["removed"]:
            user, chat = removed["user"], removed["chat"]
            limit = removed["t"] + self.bounds.removal
            for event in self.events:
                if event["t"] <= limit or event.get("user") != user or event.get("chat") != chat:
                    continue
                if event["e"] in ("receive", "hello", "edited", "deleted"):
                    late = event["t"] - removed["t"]
                    self.problem("after_removal", f"delivered {late:.2f} s after the right ended", removed, event)
                elif event["e"] == "invoke" and (row := stored.get((chat, user, event["text"]))):
                    late = event["t"] - removed["t"]
                    self.problem("after_removal", f"accepted {late:.2f} s after the right ended", removed, event, row)

    def no_server_errors(self):
        for event in self.by["answer"]:
            if event["status"] >= 500 and event["status"] != 503:
                self.problem("server_error", f"HTTP {event['status']}", event)


def slowest_answer(events, begin, end):
    """The longest wait from a first invoke between two times to its answer; infinite where there was none."""
    answers = {}
    for event in events:
        if event["e"] == "ack":
            answers.setdefault((event["client"], event.get("client_id") or event.get("text")), event["t"])
    waits = [
        answers.get((event["client"], event["client_id"] or event["text"]), float("inf")) - event["t"]
        for event in events
        if event["e"] == "invoke" and begin <= event["t"] <= end
    ]
    return max(waits, default=0.0)


def closes(events, begin, end):
    """The connections that ended between two times."""
    return [event for event in events if event["e"] == "close" and begin <= event["t"] <= end]
