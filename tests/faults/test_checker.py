"""The checker is worth something only if it finds what is wrong."""

import pytest

from .checker import Bounds, check, slowest_answer

ANN, BOB, EVE = 1, 2, 3
MEMBERS = {7: {ANN, BOB}}
IDS = [f"11111111-1111-4111-8111-11111111111{number}" for number in range(10)]


class Story:
    """A history in which all is well until a test spoils it: Ann sends, both receive."""

    def __init__(self, count=3):
        self.events, self.rows, self.clock = [], [], 100.0
        for name, user in (("ann", ANN), ("bob", BOB)):
            self.enter(name, user)
        for number in range(1, count + 1):
            self.message(number)

    def add(self, e, wait=0.1, **fields):
        self.clock += wait
        self.events.append({"t": self.clock, "e": e, **fields})
        return self.events[-1]

    def at(self, name, user, connection=1):
        return {"client": name, "user": user, "chat": 7, "connection": connection}

    def enter(self, name, user, *, protocol="v1", last_seq=0):
        self.add("start", client=name, user=user, chat=7, protocol=protocol)
        self.open(name, user, last_seq=last_seq, hello=protocol == "v1")

    def open(self, name, user, *, connection=1, after=None, last_seq=0, hello=True):
        self.add("open", **self.at(name, user, connection), after=after, after_event=None)
        if hello:
            self.add("hello", **self.at(name, user, connection), last_seq=last_seq, resumed=after is not None)

    def row(self, number, **fields):
        row = {"id": 50 + number, "chat": 7, "seq": number, "sender": ANN, "text": f"text {number}"}
        row |= {"client_id": IDS[number], "edited_at": None, "deleted_at": None, **fields}
        self.rows.append(row)
        return row

    def receive(self, name, user, number, connection=1, **fields):
        frame = {"seq": number, "id": 50 + number, "sender": ANN, "text": f"text {number}"}
        return self.add("receive", **self.at(name, user, connection), **{**frame, **fields})

    def invoke(self, number, name="ann", user=ANN):
        return self.add("invoke", client=name, user=user, chat=7, client_id=IDS[number], text=f"text {number}")

    def ack(self, number, **fields):
        answer = {"id": 50 + number, "seq": number, "dup": False, "via": "ws"}
        return self.add("ack", client="ann", user=ANN, chat=7, client_id=IDS[number], **{**answer, **fields})

    def message(self, number, *, to=("ann", "bob"), ack=True):
        self.invoke(number)
        self.row(number)
        if ack:
            self.ack(number)
        for name, user in (("ann", ANN), ("bob", BOB)):
            if name in to:
                self.receive(name, user, number)

    def later(self, seconds):
        self.add("note", wait=seconds)

    def kinds(self, **bounds):
        return {problem.kind for problem in check(self.events, self.rows, MEMBERS, Bounds(**bounds))}


@pytest.fixture
def story():
    return Story()


def test_a_good_history_has_no_problems(story):
    story.later(100)
    assert story.kinds() == set()


def test_resumed_and_repeated_sends_are_fine(story):
    story.invoke(4)
    story.row(4)
    story.add("close", **story.at("ann", ANN), code=1006)
    story.open("ann", ANN, connection=2, after=3, last_seq=4)
    story.receive("ann", ANN, 4, connection=2)
    story.receive("bob", BOB, 4)
    story.ack(4, dup=True)
    story.ack(4, dup=True)
    story.later(100)
    assert story.kinds() == set()


def test_what_was_not_acknowledged_may_be_missing_while_its_sender_has_left(story):
    story.invoke(4)
    story.add("stop", client="ann", user=ANN, chat=7)
    story.later(100)
    assert story.kinds() == set()


def test_lost(story):
    story.message(4, to=("ann",))
    story.later(31)
    assert story.kinds() == {"lost"}


def test_lost_though_nobody_was_told_that_it_is_there(story):
    story.message(4, to=(), ack=False)
    story.add("stop", client="ann", user=ANN, chat=7)
    story.later(31)
    assert story.kinds() == {"lost"}


def test_not_lost_while_there_is_time(story):
    story.message(4, to=("ann",))
    story.later(29)
    assert story.kinds() == set()


def test_not_lost_by_who_has_left(story):
    story.add("stop", client="bob", user=BOB, chat=7)
    story.message(4, to=("ann",))
    story.later(100)
    assert story.kinds() == set()


def test_late(story):
    story.message(4, to=("ann",))
    story.later(31)
    story.receive("bob", BOB, 4)
    assert story.kinds() == {"late"}


def test_a_fault_gives_time_anew_and_only_once(story):
    story.add("fault", what="redis")
    story.message(4, to=("ann",))
    story.later(60)
    story.add("healed", what="redis")
    story.later(25)
    story.receive("bob", BOB, 4)
    assert story.kinds() == set()
    story.message(5, to=("ann",))
    story.later(35)
    story.receive("bob", BOB, 5)
    assert story.kinds() == {"late"}


def test_late_after_a_fault(story):
    story.add("fault", what="redis")
    story.message(4, to=("ann",))
    story.add("healed", what="redis")
    story.later(31)
    story.receive("bob", BOB, 4)
    assert story.kinds() == {"late"}


@pytest.mark.parametrize(("touched", "kinds"), [("bob", set()), ("ann", {"late"})])
def test_a_fault_excuses_only_whom_it_touches(story, touched, kinds):
    story.add("fault", what="worker", clients=[touched])
    story.message(4, to=("ann",))
    story.later(31)
    story.add("healed", what="worker")
    story.receive("bob", BOB, 4)
    assert story.kinds() == kinds


def test_duplicated(story):
    story.receive("bob", BOB, 3)
    assert story.kinds() == {"duplicate"}


def test_sent_again_after_a_reconnect_that_said_what_it_has(story):
    story.open("bob", BOB, connection=2, after=3, last_seq=3)
    story.receive("bob", BOB, 3, connection=2)
    assert story.kinds() == {"duplicate"}


def test_reordered_and_gap(story):
    story.message(4, to=("ann",))
    story.message(5, to=("ann",))
    story.receive("bob", BOB, 5)
    story.receive("bob", BOB, 4)
    assert story.kinds() == {"gap", "reordered"}


def test_gap_after_a_reconnect(story):
    story.message(4, to=("ann",))
    story.message(5, to=("ann",))
    story.open("bob", BOB, connection=2, after=3, last_seq=5)
    story.receive("bob", BOB, 5, connection=2)
    assert story.kinds() == {"gap"}


def test_gap_in_the_history_of_a_new_client(story):
    story.enter("bob2", BOB, last_seq=3)
    story.message(4, to=("ann", "bob"))
    story.message(5, to=("ann", "bob"))
    story.receive("bob2", BOB, 5)
    assert "gap" in story.kinds()


def test_history_longer_than_it_may_be(story):
    story.enter("bob2", BOB, last_seq=3)
    for number in (1, 2, 3):
        story.receive("bob2", BOB, number)
    assert story.kinds(history=2) == {"gap"}


def test_a_reset_begins_anew(story):
    story.open("bob", BOB, connection=2, after=9, last_seq=3)
    story.add("reset", **story.at("bob", BOB, 2), first_seq=2, last_seq=3)
    story.receive("bob", BOB, 2, connection=2)
    story.receive("bob", BOB, 3, connection=2)
    story.later(100)
    assert story.kinds() == set()


def test_a_message_before_hello(story):
    story.add("open", **story.at("bob", BOB, 2), after=3, after_event=None)
    story.message(4, to=("ann",))
    story.receive("bob", BOB, 4, connection=2)
    assert story.kinds() == {"no_hello"}


def test_a_stranger_received(story):
    story.enter("eve", EVE)
    assert story.kinds() == {"stranger"}
    story = Story()
    story.add("start", client="eve", user=EVE, chat=7, protocol="plain")
    story.receive("eve", EVE, 1)
    assert story.kinds() == {"stranger"}


def test_a_stranger_posted(story):
    story.invoke(4, name="eve", user=EVE)
    story.row(4, sender=EVE)
    assert "stranger_stored" in story.kinds()


def test_acknowledged_but_not_stored(story):
    story.invoke(4)
    story.ack(4)
    assert story.kinds() == {"not_stored"}


def test_acknowledged_as_something_else(story):
    story.message(4)
    story.rows[-1]["text"] = "other"
    assert story.kinds() >= {"wrong_ack", "altered", "never_sent"}
    story = Story()
    story.message(4)
    story.events[-3]["seq"] = 3  # the ack
    assert story.kinds() == {"wrong_ack"}


def test_two_answers(story):
    story.invoke(4)
    story.row(4)
    story.row(5, client_id=IDS[4], text="text 4")
    story.ack(4)
    story.ack(4, id=55, seq=5)
    assert story.kinds() == {"acks_differ", "stored_twice"}


def test_new_twice(story):
    story.ack(3)
    assert story.kinds() == {"acks_differ"}


def test_stored_twice(story):
    """Without a client_id the text tells: no client sends one twice."""
    story.row(4, client_id=None)
    story.row(5, client_id=None, text="text 4")
    story.invoke(4)
    assert story.kinds() == {"stored_twice"}


def test_stored_without_having_been_sent(story):
    story.row(4)
    assert story.kinds() == {"never_sent"}


def test_stored_though_refused(story):
    story.invoke(4)
    story.row(4)
    story.add("err", client="ann", user=ANN, chat=7, client_id=IDS[4], code="too_long", via="ws")
    assert story.kinds() == {"refused_but_stored"}


def test_a_hole_in_the_numbers(story):
    story.message(5)
    assert "hole" in story.kinds()


def test_received_but_not_stored(story):
    story.receive("bob", BOB, 4)
    assert story.kinds() == {"phantom"}


def test_received_something_else(story):
    story.message(4, to=("ann",))
    story.receive("bob", BOB, 4, text="other")
    assert story.kinds() == {"altered"}


def test_the_client_id_is_for_its_sender(story):
    story.message(4, to=("ann",))
    story.receive("bob", BOB, 4, client_id=IDS[4])
    assert story.kinds() == {"client_id_shown"}


def test_without_an_answer(story):
    story.invoke(4)
    story.later(31)
    assert story.kinds() == {"unanswered"}
    story = Story()
    story.invoke(4)
    story.add("err", client="ann", user=ANN, chat=7, client_id=IDS[4], code="busy", via="ws")
    story.later(31)
    assert story.kinds() == {"unanswered"}


def test_delivered_after_the_right_ended(story):
    story.add("removing", user=BOB, chat=7)
    story.add("removed", user=BOB, chat=7)
    story.later(0.5)
    story.message(4)  # still within the second
    assert story.kinds() == set()
    story.later(1)
    story.message(5)
    assert story.kinds() == {"after_removal"}


def test_accepted_after_the_right_ended(story):
    story.add("removed", user=ANN, chat=7)
    story.later(1.5)
    story.message(4, to=("bob",))
    assert story.kinds() == {"after_removal"}


def test_nothing_is_owed_to_whom_the_right_was_taken_from(story):
    story.add("removing", user=BOB, chat=7)
    story.add("removed", user=BOB, chat=7)
    story.message(4, to=("ann",))
    story.later(100)
    assert story.kinds() == set()


def test_events_out_of_order(story):
    story.rows[0] |= {"text": "edited 2", "edited_at": "now"}
    for name, user in (("ann", ANN), ("bob", BOB)):
        story.add("edited", **story.at(name, user), event=2, seq=1, text="edited 2")
    assert story.kinds() == set()
    story.add("edited", **story.at("bob", BOB), event=1, seq=1, text="edited 1")
    assert "events_reordered" in story.kinds()


def test_an_edit_that_did_not_arrive(story):
    story.add("changed", chat=7, seq=2)
    story.rows[1] |= {"text": "", "deleted_at": "now"}
    story.add("deleted", **story.at("ann", ANN), event=1, seq=2)
    assert story.kinds() == set()
    story.later(31)
    assert story.kinds() == {"stale"}


def test_server_errors(story):
    story.add("answer", status=503, call="POST")
    assert story.kinds() == set()
    story.add("answer", status=500, call="POST")
    assert story.kinds() == {"server_error"}


class PlainStory(Story):
    """Bob uses the plain protocol: newest messages first on joining, then live ones, without numbers."""

    def enter(self, name, user, **options):
        super().enter(name, user, **{**options, "protocol": "plain" if name == "bob" else "v1"})

    def receive(self, name, user, number, connection=1, **fields):
        event = super().receive(name, user, number, connection, **fields)
        if name == "bob":
            del event["seq"]
        return event


def test_a_good_plain_history():
    story = PlainStory()
    story.add("close", **story.at("bob", BOB), code=1006)
    story.message(4, to=("ann",))
    story.open("bob", BOB, connection=2, hello=False)
    for number in (4, 3, 2, 1):
        story.receive("bob", BOB, number, connection=2)
    story.message(5, to=("ann",))
    story.receive("bob", BOB, 5, connection=2)
    story.later(100)
    assert story.kinds() == set()


def test_plain_gap_duplicate_and_loss():
    story = PlainStory()
    story.message(4, to=("ann",))
    story.message(5)
    story.later(100)
    assert story.kinds() == {"gap", "lost"}
    story = PlainStory()
    story.receive("bob", BOB, 3)
    assert story.kinds() == {"duplicate"}


def test_plain_clients_see_only_the_newest_of_what_they_missed():
    story = PlainStory()
    story.add("close", **story.at("bob", BOB), code=1006)
    for number in (4, 5, 6):
        story.message(number, to=("ann",))
    story.open("bob", BOB, connection=2, hello=False)
    story.receive("bob", BOB, 6, connection=2)
    story.receive("bob", BOB, 5, connection=2)
    story.later(100)
    assert story.kinds(history=2) == set()


def test_slowest_answer(story):
    assert slowest_answer(story.events, 0, 1000) == pytest.approx(0.1)
    story.invoke(4)
    assert slowest_answer(story.events, 0, 1000) == float("inf")
