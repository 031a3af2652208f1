import pytest

from find_friend.chat import draining
from find_friend.health import readiness
from find_friend.health.readiness import Readiness

CHECKS = {name: path for name, path in readiness.checks().items() if path.startswith("find_friend.chat.")}


@pytest.fixture(autouse=True)
def _only_these(monkeypatch):
    monkeypatch.setattr(readiness, "checks", lambda: CHECKS)


@pytest.fixture
def layer(settings):
    """``layer("group_send")``: a channel layer that fails in that method."""

    def fail(*broken, **more):
        backend = "tests.apps.chat.site.BrokenLayer"
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": {"broken": broken, **more}}}

    return fail


async def test_a_layer_that_works():
    assert await Readiness().report() == ("ok", {"channel_layer": "ok", "in_service": "ok"})


@pytest.mark.parametrize("hang", [False, True])
async def test_a_layer_that_is_away_takes_nobody_out_of_service(layer, configure, hang):
    """Sockets work without it."""
    configure(CHAT_LAYER_TIMEOUT=0.05)
    layer("group_send", hang=hang)
    assert await Readiness().report() == ("degraded", {"channel_layer": "failed", "in_service": "ok"})
    configure(READINESS_OPTIONAL=[])
    assert (await Readiness().report()).status == "unavailable"


async def test_a_site_without_a_layer(settings):
    settings.CHANNEL_LAYERS = {}
    assert (await Readiness().report()).status == "ok"


async def test_a_process_that_drains(monkeypatch):
    monkeypatch.setitem(draining._state, "draining", True)
    assert await Readiness().report() == ("unavailable", {"channel_layer": "ok", "in_service": "failed"})
