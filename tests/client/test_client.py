"""The JavaScript client: its own tests, and two of it that talk through connections that keep breaking."""

import asyncio
import json
import os
import random
import re
import subprocess
from pathlib import Path

import pytest
from channels.db import database_sync_to_async as in_thread
from django.contrib.staticfiles import finders

from find_friend.accounts.models import AuthToken
from find_friend.chat.models import Message
from tests.faults.proxy import Proxy
from tests.processes import HOST

HERE = Path(__file__).parent
STATIC = "find_friend/chat/client.js"
CLIENT = HERE.parents[1] / "find_friend" / "chat" / "static" / STATIC
COUNT = 40


@pytest.fixture
def module(tmp_path):
    """The client under a name that every Node takes for a module."""
    copy = tmp_path / "client.mjs"
    copy.write_bytes(CLIENT.read_bytes())
    return copy.as_uri()


def test_it_is_a_static_file():
    assert Path(finders.find(STATIC)) == CLIENT


def test_each_member_is_declared():
    """What the class has, client.d.ts declares, and the other way round."""
    written = CLIENT.read_text(encoding="utf-8")
    written = written[written.index("export class ChatClient") :]
    in_code = set(re.findall(r"^  (?:get )?([a-zA-Z]+)\(.*\{$", written, re.MULTILINE))
    declared = CLIENT.with_suffix(".d.ts").read_text(encoding="utf-8")
    declared = declared[declared.index("export class ChatClient") :]
    in_types = set(re.findall(r"^  (?:readonly )?([a-zA-Z]+)[(<:]", declared, re.MULTILINE))
    assert in_code == in_types
    assert {"connect", "send", "unsent"} <= in_code


def test_logic(node, module):
    done = subprocess.run(
        [node, "--test", str(HERE / "client.test.mjs")],
        env={**os.environ, "FIND_FRIEND_CLIENT": module},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"pass [1-9]\d", done.stdout), done.stdout


async def key_of(user):
    return (await in_thread(AuthToken.objects.issue)(user))[1]


async def talk(node, module, server, port, chat, people):
    """What the members of a chat saw who talked through ``port``."""
    plan = {
        "client": module,
        "address": f"ws://{HOST}:{port}/ws/chat/{chat.pk}/",
        "tickets": f"{server.url}/api/v1/auth/ws-ticket/",
        "people": [{"name": name, "key": await key_of(user), "way": way} for name, user, way in people],
        "count": COUNT,
        "seconds": 60,
    }
    process = await asyncio.create_subprocess_exec(
        node,
        str(HERE / "talk.mjs"),
        json.dumps(plan),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, problems = await asyncio.wait_for(process.communicate(), 150)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, problems.decode()
    return json.loads(output)


async def keep_cutting(proxy, times):
    for _ in range(times):
        await asyncio.sleep(random.uniform(0.1, 0.3))
        proxy.cut()


def stored(chat):
    rows = Message.objects.filter(chat=chat).order_by("seq")
    return [(message.seq, message.sender_id, str(message.client_id), message.text) for message in rows]


def check(seen, rows, people):
    """Nothing lost, nothing doubled, one order for everybody, and the database says the same."""
    everything = list(range(1, COUNT * len(people) + 1))
    assert [seq for seq, _sender, _client_id, _text in rows] == everything
    texts = {str(seq): text for seq, _sender, _client_id, text in rows}
    for member, (_name, user, _way) in zip(seen, people, strict=True):
        assert member["seqs"] == everything
        assert member["texts"] == texts
        own = [(seq, client_id) for seq, sender, client_id, _text in rows if sender == user.pk]
        # Acknowledged once each, and stored in the order in which they were sent.
        assert [(seq, client_id) for client_id, seq, _text in member["sent"]] == own
        assert [text for _client_id, _seq, text in member["sent"]] == [
            f"{member['name']} {number}" for number in range(1, COUNT + 1)
        ]
        assert member["changes"] == ["fulfilled"] * (COUNT // 5)
        assert member["failed"] == member["unsent"] == []
        assert member["resets"] == 0
        assert member["errors"] == [1000]
        assert member["read"] == everything[-1]


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
async def test_two_talk(node, module, server, chat, ann, bob):
    people = [("Ann", ann, "header"), ("Bob", bob, "ticket")]
    seen = await talk(node, module, server, server.port, chat, people)
    check(seen, await in_thread(stored)(chat), people)
    assert [member["connections"] for member in seen] == [1, 1]


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
async def test_two_talk_while_connections_break(node, module, server, chat, ann, bob):
    people = [("Ann", ann, "header"), ("Bob", bob, "header")]
    async with Proxy(server.port) as proxy:
        cutting = asyncio.ensure_future(keep_cutting(proxy, 30))
        try:
            seen = await talk(node, module, server, proxy.port, chat, people)
        finally:
            cutting.cancel()
    check(seen, await in_thread(stored)(chat), people)
    assert all(member["connections"] > 3 for member in seen)
