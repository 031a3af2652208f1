"""Fixtures for pytest: ``pytest_plugins = ["find_friend.testing.plugin"]`` in the site's outermost ``conftest.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from find_friend.conf import DEFINITIONS
from find_friend.kinds import configured

from . import Clock, api_client, chat_socket, create_user, time_travel


@pytest.fixture
def find_friend_user_fields() -> dict[str, Any]:
    """What every user of ``find_friend_user`` has; a site whose model needs more has a fixture of this name."""
    return {}


@pytest.fixture
def find_friend_user(db: None, find_friend_user_fields: dict[str, Any]) -> Callable[..., Any]:
    """``find_friend_user(first_name="Ann")`` makes a user of the site's model."""
    return lambda **fields: create_user(**{**find_friend_user_fields, **fields})


@pytest.fixture
def find_friend_api(db: None) -> Callable[..., Any]:
    """``find_friend_api(ann)`` is a client signed in as Ann; without a user it is a guest."""
    return api_client


@pytest.fixture
def find_friend_socket(transactional_db: None) -> Callable[..., Any]:
    """``async with find_friend_socket(chat, ann) as socket:``; what a test stores is committed, for sockets to see."""
    return chat_socket


@pytest.fixture
def find_friend_clock() -> Iterator[Clock]:
    """``find_friend_clock.shift(days=31)`` moves the time of this process."""
    with time_travel() as clock:
        yield clock


@pytest.fixture
def find_friend_configure(settings: Any) -> Callable[..., None]:
    """``find_friend_configure(CHAT_HISTORY_SIZE=2)`` changes keys of ``FIND_FRIEND`` for one test."""

    def change(**values: Any) -> None:
        settings.FIND_FRIEND = {**configured(), **values}

    return change


@pytest.fixture
def find_friend_unlimited(find_friend_configure: Callable[..., None]) -> None:
    """No rate limits, for tests that call often."""
    find_friend_configure(THROTTLE_RATES=dict.fromkeys(DEFINITIONS["THROTTLE_RATES"].default))
