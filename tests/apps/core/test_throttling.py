import pytest
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from django.test import RequestFactory

from find_friend import throttling

SCOPE = "confirm"


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("5/s", (5, 1)),
        ("5/10sec", (5, 10)),
        ("5/second", (5, 1)),
        ("30/min", (30, 60)),
        ("5/10min", (5, 600)),
        ("1/2h", (1, 7200)),
        ("1/hour", (1, 3600)),
        ("0/day", (0, 86400)),
    ],
)
def test_rates_are_calls_in_seconds(rate, expected):
    assert throttling.parse_rate(rate) == expected


@pytest.mark.parametrize(
    "rate", ["", "5", "5/", "/min", "5/month", "-1/min", "5/min ", "five/min", "5/1.5min", "5/min\n", "5/0min"]
)
def test_anything_else_is_no_rate(rate):
    with pytest.raises(ValueError, match="Not a rate"):
        throttling.parse_rate(rate)


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "expected"),
    [
        (0, "192.0.2.1", None, "192.0.2.1"),
        (0, "192.0.2.1", "198.51.100.7", "192.0.2.1"),
        (1, "10.0.0.1", "198.51.100.7", "198.51.100.7"),
        (1, "10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        (2, "10.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        (2, "10.0.0.1", "198.51.100.7", "10.0.0.1"),
        (1, "10.0.0.1", " , ", "10.0.0.1"),
        (1, "10.0.0.1", "unknown", "unknown"),
        (0, "", None, ""),
        (0, "2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
        (0, "2001:db8:1:2:ffff::1", None, "2001:db8:1:2::/64"),
        (0, "::ffff:192.0.2.1", None, "192.0.2.1"),
    ],
)
def test_address_that_counts(configure, proxies, remote, forwarded, expected):
    configure(TRUSTED_PROXIES=proxies)
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers)
    assert throttling.client_ip(request) == expected


def test_calls_over_the_rate_wait_for_the_end_of_the_window(configure):
    configure(THROTTLE_RATES={SCOPE: "2/day"})
    assert throttling.hit(SCOPE, "ann") is None
    assert throttling.hit(SCOPE, "ann") is None
    assert 0 < throttling.hit(SCOPE, "ann") <= 86400
    assert throttling.hit(SCOPE, "bob") is None
    assert throttling.hit("ticket", "ann") is None


def test_forgiven_calls_count_no_more(configure):
    configure(THROTTLE_RATES={SCOPE: "1/day"})
    assert throttling.hit(SCOPE, "ann") is None
    throttling.forgive(SCOPE, "ann")
    assert throttling.hit(SCOPE, "ann") is None
    assert throttling.hit(SCOPE, "ann") is not None


def test_without_a_rate_there_is_no_limit(configure):
    configure(THROTTLE_RATES={SCOPE: None})
    assert [throttling.hit(SCOPE, "ann") for _ in range(50)] == [None] * 50
    throttling.forgive(SCOPE, "ann")
    assert throttling.hit("no_such_scope", "ann") is None


def test_rate_of_nothing_refuses_the_first_call(configure):
    configure(THROTTLE_RATES={SCOPE: "0/day"})
    assert throttling.hit(SCOPE, "ann") is not None


def test_a_cache_that_forgets_lets_people_in(settings, configure):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    configure(THROTTLE_RATES={SCOPE: "1/day"})
    assert throttling.hit(SCOPE, "ann") is None
    assert throttling.hit(SCOPE, "ann") is None


class Down(BaseCache):
    """A cache server that does not answer."""

    def __init__(self, location, params):
        super().__init__(params)

    def add(self, *args, **kwargs):
        raise ConnectionError("nobody there")

    delete = add


def test_a_cache_that_is_down_is_logged_and_lets_people_in(settings, configure, caplog):
    settings.CACHES = {"default": {"BACKEND": "tests.apps.core.test_throttling.Down"}}
    configure(THROTTLE_RATES={SCOPE: "1/day"})
    assert throttling.hit(SCOPE, "ann") is None
    assert throttling.hit(SCOPE, "ann") is None
    throttling.forgive(SCOPE, "ann")
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 3


def test_addresses_are_not_written_into_the_cache(settings, configure):
    configure(THROTTLE_RATES={SCOPE: "1/day"})
    throttling.hit(SCOPE, "ann@example.com")
    assert not any("ann@example.com" in key for key in getattr(cache, "_cache", {}))


@pytest.mark.parametrize(("method", "found"), [("GET", "read"), ("HEAD", "read"), ("POST", "rest"), ("PUT", "rest")])
def test_to_look_at_the_headers_counts_as_reading(method, found):
    assert throttling.scopes_for({"GET": ("read",), "*": ("rest",)}, method) == (found,)
    assert throttling.scopes_for({}, method) == ()
