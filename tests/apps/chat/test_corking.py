"""What uvicorn writes to a socket at one moment goes out with one system call."""

import asyncio

import pytest

corking = pytest.importorskip("find_friend.chat.corking", reason="needs a newer uvicorn")


class Transport:
    def __init__(self):
        self.calls, self.closing = [], False

    def write(self, data):
        self.calls.append(data)

    def is_closing(self):
        return self.closing

    def close(self):
        self.closing = True
        self.calls.append("closed")

    def get_extra_info(self, name):
        return name


@pytest.fixture
async def corked():
    return corking.Corked(Transport(), asyncio.get_running_loop())


async def test_one_write_each_time_round(corked):
    for data in (b"a", b"b", b"c"):
        corked.write(data)
    assert corked.transport.calls == []
    await asyncio.sleep(0)
    corked.write(b"d")
    await asyncio.sleep(0)
    assert corked.transport.calls == [b"abc", b"d"]


async def test_much_is_not_kept(corked):
    """The transport has to see it, to say that the client reads too slowly."""
    half = b"x" * (corking.LARGEST_WRITE // 2)
    for _number in range(3):
        corked.write(half)
    assert corked.transport.calls == [half * 3]
    await asyncio.sleep(0)
    assert corked.transport.calls == [half * 3]


async def test_closing_loses_nothing(corked):
    corked.write(b"goodbye")
    corked.close()
    await asyncio.sleep(0)
    assert corked.transport.calls == [b"goodbye", "closed"]


async def test_a_client_that_has_gone_is_told_nothing(corked):
    corked.write(b"too late")
    corked.transport.closing = True
    await asyncio.sleep(0)
    assert corked.transport.calls == []


async def test_all_else_is_the_transports(corked):
    assert corked.get_extra_info("peername") == "peername"


async def test_sockets_of_uvicorn_are_corked(corked):
    from uvicorn.config import Config
    from uvicorn.server import ServerState

    config = Config(app=lambda: None, log_level="critical")
    config.load()
    corked.transport.get_extra_info = lambda name: None
    protocol = corking.CorkedProtocol(config, ServerState(), {}, asyncio.get_running_loop())
    protocol.connection_made(corked.transport)
    assert isinstance(protocol.transport, corking.Corked)
