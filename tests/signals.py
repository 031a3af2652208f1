"""Listening to signals, and what is true of every one of them."""

from contextlib import ExitStack, contextmanager

from django.contrib.auth import get_user_model
from django.db import transaction

from find_friend.signals import CommitSignal
from tests.docs.pages import code, read, rows


def signals_of(module):
    return {name: value for name, value in vars(module).items() if isinstance(value, CommitSignal)}


@contextmanager
def listening(*signals):
    """A list of what these signals carry: ``(sender, arguments)`` of each time they are sent."""
    news = []

    def receiver(sender, signal, **arguments):
        news.append((sender, arguments))

    with ExitStack() as stack:
        for signal in signals:
            signal.connect(receiver)
            stack.callback(signal.disconnect, receiver)
        yield news


def described(name):
    """The sender and the arguments of a signal, as its page names them."""
    (cells,) = [cells for cells in rows(read("reference/signals.md")) if code(cells[0]) == [name]]
    sender = code(cells[1])
    return (sender[0] if sender else get_user_model().__name__), set(code(cells[2]))


class RolledBack(Exception):
    pass


def sent_once(signal, act, again):
    """What ``signal`` carries, sent by ``act()``: after the commit, not after a rollback, and not by ``again()``."""
    with listening(signal) as news:
        try:
            with transaction.atomic():
                act()
                raise RolledBack
        except RolledBack:
            assert news == []
        with transaction.atomic():
            act()
            assert news == []
        assert len(news) == 1
        again()
        assert len(news) == 1
    return news[0]
