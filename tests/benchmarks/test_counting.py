"""A benchmark that counts wrong proves nothing: histories with known faults."""

import json
import uuid

import pytest

from .counting import Talk, client_id, key, percentile
from .wire import MASK, Wire, frame

RUN, CHAT = 7, 3


def text(side, number, run=RUN, chat=CHAT):
    return json.dumps({"id": 1, "sender": 2, "text": key(run, chat, side, number) + "x" * 46}).encode()


def talk(a, b, sent=(2, 1)):
    """A sent two messages and B one; who got what is given as "A0 B0 A1"."""
    got = {side: [text(each[0], int(each[1:])) for each in order.split()] for side, order in (("A", a), ("B", b))}
    return Talk(RUN, CHAT, sent=dict(zip("AB", sent, strict=True)), got=got)


def test_nothing_is_wrong_where_both_members_got_everything_in_one_order():
    count = talk("A0 B0 A1", "A0 B0 A1").count()
    assert (count.sent, count.received, count.faults) == (3, 3, {})


@pytest.mark.parametrize(
    ("a", "b", "faults"),
    [
        ("A0 B0 A1", "A0 B0", {"lost": 1}),
        ("A0 B0", "A0 B0", {"lost": 2}),
        ("", "", {"lost": 6}),
        ("A0 B0 A1", "A0 B0 A1 A1", {"duplicated": 1}),
        ("A0 A0 A0 B0 A1", "A0 B0 A1", {"duplicated": 2}),
        ("A0 B0 A1", "A1 B0 A0", {"out_of_order": 1, "crossed": 2}),
        ("A1 A0 B0", "A1 A0 B0", {"out_of_order": 2}),
        ("B0 A0 A1", "A0 B0 A1", {"crossed": 2}),
        ("A0 B0 A1", "A0 B0 A1 A2", {"strays": 1}),
        ("A0 B0 A1", "A0 A0 A1", {"lost": 1, "duplicated": 1}),
    ],
)
def test_what_is_wrong_is_counted(a, b, faults):
    assert talk(a, b).count().faults == faults


def test_a_message_that_only_its_sender_got_was_not_received():
    count = talk("A0 A1 B0", "B0").count()
    assert (count.received, count.faults) == (1, {"lost": 2})


def test_a_message_of_another_chat_is_a_stray_and_one_of_an_earlier_run_is_history():
    wrong = talk("A0 B0 A1", "A0 B0 A1")
    wrong.got["A"] += [text("A", 0, chat=CHAT + 1), text("A", 1, run=RUN - 1)]
    assert wrong.count().faults == {"strays": 1}


def numbered(*frames):
    whole = [{"type": "msg", "seq": seq, "text": key(RUN, CHAT, "A", number)} for seq, number in ((5, 0), (6, 1))]
    acks = [{"type": "ack", "client_id": client_id(RUN, CHAT, "A", number)} for number in (0, 1)]
    named = {"0": whole[0], "1": whole[1], "a0": acks[0], "a1": acks[1], "far": {**whole[1], "seq": 9}}
    got = {
        side: [json.dumps(named[name]).encode() for name in names.split()]
        for side, names in zip("AB", frames, strict=True)
    }
    return Talk(RUN, CHAT, sent={"A": 2, "B": 0}, got=got).count(numbered=True)


def test_acknowledgements_and_numbers_are_counted_where_there_are_any():
    assert numbered("0 a0 a1 1", "0 1").faults == {}
    assert numbered("0 a0 1", "0 1").faults == {"unacknowledged": 1}
    assert numbered("0 a0 a0 1 a1", "0 1").faults == {"acknowledged_twice": 1}
    assert numbered("0 a0 a1 1", "0 far").faults == {"gaps": 1}


def test_counts_add_up():
    both = talk("A0 B0 A1", "A0 B0").count() + talk("A0 B0 A1", "A0 B0 A1 A1").count()
    assert (both.sent, both.received) == (6, 5)
    assert both.faults == {"lost": 1, "duplicated": 1}


def test_a_client_id_is_a_uuid():
    assert str(uuid.UUID(client_id(RUN, CHAT, "B", 12))) == client_id(RUN, CHAT, "B", 12)


def test_percentiles():
    values = [float(each) for each in range(1, 101)]
    assert [percentile(values, percent) for percent in (0, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([], 99) == 0


class Transport:
    def __init__(self):
        self.written = b""

    def write(self, data):
        self.written += data

    def close(self):
        self.written += b"closed"


class Taker(Wire):
    def __init__(self):
        super().__init__("/", {})
        self.texts = []

    def take(self, data, start, stop):
        self.texts.append(data[start:stop])


async def opened():
    wire = Taker()
    wire.connection_made(Transport())
    wire.transport.written = b""
    return wire


ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
FRAMES = b"\x81\x03abc" + b"\x81\x7e\x00\xc8" + b"y" * 200 + b"\x89\x01p" + b"\x81\x00"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_frames_are_found_however_they_are_cut(size):
    wire = await opened()
    stream = ANSWER + FRAMES
    for at in range(0, len(stream), size):
        wire.data_received(stream[at : at + size])
    assert wire.texts == [b"abc", b"y" * 200, b""]
    assert wire.transport.written == frame(b"p", 0x8A)


async def test_a_close_frame_is_answered_and_its_code_kept():
    wire = await opened()
    wire.data_received(ANSWER + b"\x88\x02" + (4508).to_bytes(2, "big"))
    wire.connection_lost(None)
    assert await wire.closed == 4508
    assert wire.transport.written.endswith(b"closed")


def test_a_frame_of_the_client_is_masked():
    data = frame(b"hello")
    assert data[:2] == bytes((0x81, 0x85))
    assert bytes(byte ^ MASK for byte in data[6:]) == b"hello"
    assert frame(b"z" * 130)[1:4] == bytes((0xFE, 0, 130))
