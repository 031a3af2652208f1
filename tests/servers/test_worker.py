"""What a task of a worker process posts reaches the sockets of a server."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from channels.db import database_sync_to_async as in_thread

from find_friend.accounts.models import AuthToken

pytestmark = [pytest.mark.server, pytest.mark.redis, pytest.mark.django_db(transaction=True)]


async def work(server, *arguments):
    """Run a worker to its end, on the database and the channel layer of the server."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.servers.worker",
        *map(str, arguments),
        cwd=Path(__file__).parents[2],
        env={**os.environ, **server.environment()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    written, _ = await asyncio.wait_for(worker.communicate(), 60)
    assert worker.returncode == 0, written.decode(errors="replace")
    assert worker.pid not in (os.getpid(), server.process.pid)


async def key_of(user):
    return (await in_thread(AuthToken.objects.issue)(user))[1]


@pytest.mark.parametrize("how", ["task", "fork", "loop"])
async def test_open_sockets_get_what_a_worker_posts(server, chat, ann, bob, received, how):
    """The servers of these tests sweep every ten minutes, so it comes over the channel layer or too late."""
    texts = [f"{number} from a worker" for number in range(3)]
    async with server.socket(chat, await key_of(ann)) as left, server.socket(chat, await key_of(bob)) as right:
        await work(server, how, chat.pk, ann.pk, *texts)
        for wire in (left, right):
            assert [(await received(wire))["text"] for _ in texts] == texts
