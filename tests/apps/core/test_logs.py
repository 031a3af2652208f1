"""What the package logs: fields for machines, and nothing that people wrote."""

import ast
import logging
from pathlib import Path

import pytest

import find_friend
from find_friend.logs import FIELDS, fields, without_text
from tests.docs import pages

PACKAGE = Path(find_friend.__file__).parent
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
# What nobody may read in a log, as the names of variables and attributes.
SECRET = {
    "body",
    "client_id",
    "email",
    "frame",
    "key",
    "message",
    "password",
    "query",
    "subject",
    "text",
    "ticket",
    "token",
}
# Their errors come from counting and from policies: no text, address or credential passes there.
SHOWN = {"cache_failed", "sweep_failed"}


class Call:
    """One log call in the source."""

    def __init__(self, node, logger, path):
        self.node, self.logger, self.place = node, logger, f"{path.name}:{node.lineno}"
        self.keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        self.extra = self.keywords.get("extra")

    @property
    def event(self):
        return self.extra.args[0].value

    @property
    def fields(self):
        return {keyword.arg for keyword in self.extra.keywords}

    @property
    def levels(self):
        if self.node.func.attr == "log":
            return {part.attr.lower() for part in ast.walk(self.node.args[0]) if isinstance(part, ast.Attribute)}
        return {"error" if self.node.func.attr == "exception" else self.node.func.attr}

    @property
    def message(self):
        return self.node.args[1 if self.node.func.attr == "log" else 0]

    @property
    def values(self):
        """Whatever is not the message itself."""
        return [*(arg for arg in self.node.args if arg is not self.message), *(k.value for k in self.extra.keywords)]


def calls_in(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.getLogger"
    ]
    for node in ast.walk(tree):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS
        if is_call and ast.unparse(node.func.value) in ("logger", "logging"):
            yield Call(node, names[0], path)


CALLS = [call for path in sorted(PACKAGE.rglob("*.py")) for call in calls_in(path)]


def test_calls_are_found():
    assert len(CALLS) > 20


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.place)
def test_every_call_has_fields_with_known_names(call):
    assert ast.unparse(call.extra.func) == "fields"
    assert isinstance(call.event, str)
    assert call.fields <= set(FIELDS)
    assert isinstance(call.message, ast.Constant), "a message put together before it is logged may hold anything"


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.place)
def test_no_call_is_given_what_people_wrote(call):
    used = {
        part.id if isinstance(part, ast.Name) else part.attr
        for value in call.values
        for part in ast.walk(value)
        if isinstance(part, (ast.Name, ast.Attribute))
    }
    assert not used & SECRET


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.place)
def test_errors_are_logged_without_their_words(call):
    shown = call.keywords.get("exc_info")
    if call.node.func.attr == "exception" or shown is not None:
        assert call.event in SHOWN or (isinstance(shown, ast.Call) and ast.unparse(shown.func) == "without_text")


def test_every_event_is_listed_as_it_is():
    ours = {}
    for call in CALLS:
        loggers, levels, names = ours.setdefault(call.event, (set(), set(), set()))
        loggers.add(call.logger)
        levels |= call.levels
        names |= call.fields
    table = pages.rows(pages.section(pages.read("observability.md"), "Events"))
    listed = {
        pages.code(cells[0])[0]: (set(pages.code(cells[1])), set(cells[2].split()), set(pages.code(cells[3])))
        for cells in table
    }
    assert listed == ours


def test_every_field_is_used():
    assert {name for call in CALLS for name in call.fields} == set(FIELDS)


def test_values_are_what_json_knows(user_factory):
    user = user_factory()
    (name, values), *more = fields("draining", user=user.pk, count=2, error=None, key=object).items()
    assert (name, more) == ("find_friend", [])
    assert values == {
        "event": "draining",
        "user": user.pk if isinstance(user.pk, int) else str(user.pk),
        "count": 2,
        "error": None,
        "key": "<class 'object'>",
    }


class Picky(Exception):
    """Cannot be made without what it is about."""

    def __init__(self, text, *, row):
        super().__init__(f"{text} {row}")


def test_an_error_without_its_words(caplog):
    try:
        raise Picky("secret", row="row") from ValueError("secret")
    except Picky:
        logging.getLogger("find_friend").error("It failed.", exc_info=without_text())
    assert "test_an_error_without_its_words" in caplog.text
    assert f"{__name__}.Picky" in caplog.text
    assert "secret" not in caplog.text.replace('Picky("secret", row="row") from ValueError("secret")', "")
