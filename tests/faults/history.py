"""What the clients did and saw, in the order of one clock.

Each line is a JSON object with the time ``t`` (CLOCK_MONOTONIC, so processes of one machine agree) and the event ``e``:

start, stop     a client begins to want messages of ``chat``; it gives up (``code``: the server told it to)
open, close     its connection number ``connection``, asked for with ``after`` (null: without)
hello, reset    frames of the server; ``receive``: a message; ``edited``, ``deleted``: events
invoke          somebody begins to send ``text`` under ``client_id`` (null: the plain protocol)
ack, err        the answer; ``via`` is "ws", "http" or "echo"
fault, healed   a scenario breaks ``what`` and mends it (``clients``: it touches these only)
removing, removed   a right of ``user`` in ``chat`` is taken away: before the call, and after its answer
answer          an HTTP status that is no success
"""

import json
import time


class History:
    def __init__(self, path):
        self.path = path
        self.events = []
        self.file = path.open("w")

    def write(self, e, **fields):
        event = {"t": time.monotonic(), "e": e, **fields}
        self.events.append(event)
        self.file.write(json.dumps(event, ensure_ascii=False) + "\n")
        return event

    def close(self):
        self.file.close()

    def of(self, *kinds):
        return [event for event in self.events if event["e"] in kinds]


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]
