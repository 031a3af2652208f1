"""Clients that keep to the published rules and write down what they see."""

import asyncio
import itertools
import json
import random
import socket
import uuid
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import websockets
from websockets.asyncio.client import connect

from tests.processes import HOST

V1 = "ff.chat.v1"
FINAL = {1009, 4400, 4401, 4403}
LOST = (OSError, EOFError, TimeoutError, websockets.WebSocketException)
names = itertools.count(1)


class Client:
    """Stays connected to a chat until it is stopped or told to go. ``ports``: where the site listens."""

    subprotocols = None

    def __init__(
        self,
        history,
        person,
        chat,
        ports,
        *,
        back_off=(0.1, 2.0),
        heartbeat=20.0,
        receive_buffer=None,
        open_timeout=15.0,
    ):
        self.history, self.person, self.chat, self.ports = history, person, chat, ports
        self.back_off, self.heartbeat, self.receive_buffer = back_off, heartbeat, receive_buffer
        self.open_timeout = open_timeout
        self.name = f"{person['name']}-{next(names)}"
        self.connection = 0
        self.wire = self.task = None
        self.received = set()  # of seq or id
        self.reading = asyncio.Event()
        self.reading.set()
        self.online = asyncio.Event()
        self.ended = False

    def note(self, e, **fields):
        return self.history.write(e, client=self.name, user=self.person["id"], chat=self.chat, **fields)

    def start(self):
        self.note("start", protocol=self.protocol)
        self.task = asyncio.ensure_future(self.run())
        return self

    async def stop(self):
        if not self.ended:
            self.ended = True
            self.note("stop")
        if self.task is not None:
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task

    async def run(self):
        failures = 0
        while True:
            before = self.connection
            code = await self.one_connection()
            self.online.clear()
            self.note("close", connection=self.connection, code=code)
            if code in FINAL:
                self.ended = True
                self.note("stop", code=code)
                return
            failures = 0 if self.got_in else failures + 1
            assert self.connection > before
            first, longest = self.back_off
            await asyncio.sleep(random.uniform(0, min(longest, first * 2 ** min(failures, 10))))

    def address(self):
        port = random.choice(list(self.ports))
        return f"ws://{HOST}:{port}/ws/chat/{self.chat}/", {}

    async def one_connection(self):
        """From the handshake to the end; its close code, which is 1006 where there was none."""
        self.connection += 1
        self.got_in = False
        address, opened = self.address()
        self.note("connect", connection=self.connection, address=address)
        wire = None
        try:
            async with asyncio.timeout(self.open_timeout):
                wire = await connect(
                    address,
                    additional_headers={"Authorization": f"Token {self.person['key']}"},
                    subprotocols=self.subprotocols,
                    proxy=None,
                    open_timeout=None,
                    close_timeout=0.5,
                    ping_interval=self.heartbeat,
                    ping_timeout=self.heartbeat,
                    max_queue=64,
                    sock=self.small_socket(address),
                    compression="deflate" if self.receive_buffer is None else None,
                )
            self.wire = wire
            self.note("open", connection=self.connection, **opened)
            if self.protocol == "plain":
                self.got_in = True  # it has no hello
                self.online.set()
            await self.talk(wire)
        except websockets.InvalidStatus as refused:
            status = refused.response.status_code
            if status >= 500:
                self.note("answer", status=status, call="handshake")
            return self.refused(status)
        except LOST:
            pass
        finally:
            self.wire = None
            if wire is not None:
                wire.transport.abort()
        return 1006 if wire is None or wire.close_code is None else wire.close_code

    def small_socket(self, address):
        """A connected socket whose kernel keeps little for us; None where the ordinary one will do."""
        if self.receive_buffer is None:
            return None
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        raw.connect((HOST, urlsplit(address).port))
        return raw

    def refused(self, status):
        return 1006

    async def talk(self, wire):
        while True:
            await self.reading.wait()
            self.take(json.loads(await wire.recv()))

    async def wait_until(self, condition, seconds):
        """Whether the condition came true in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition():
                    await asyncio.sleep(0.02)
        return bool(condition())


class V1Client(Client):
    protocol = "v1"
    subprotocols = [V1]

    def __init__(self, *args, retry_after=10.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.retry_after = retry_after
        self.last_seq = self.last_event = None
        self.unanswered = {}  # client_id -> [text, time of the last attempt]
        self.limits = {}

    def address(self):
        address, _ = super().address()
        opened = {"after": self.last_seq, "after_event": self.last_event}
        if self.last_seq is not None:
            address += f"?after={self.last_seq}&after_event={self.last_event or 0}"
        return address, opened

    async def talk(self, wire):
        helper = asyncio.ensure_future(self.repeat(wire))
        try:
            await super().talk(wire)
        finally:
            helper.cancel()
            with suppress(asyncio.CancelledError, *LOST):
                await helper

    async def repeat(self, wire):
        """Sends what has no answer: at once on a new connection, and whenever one does not come."""
        await self.online.wait()
        for entry in self.unanswered.values():
            entry[1] = 0.0
        pinged = asyncio.get_running_loop().time()
        while True:
            now = asyncio.get_running_loop().time()
            for client_id, entry in list(self.unanswered.items()):
                if now - entry[1] >= self.retry_after:
                    entry[1] = now
                    await wire.send(json.dumps({"type": "send", "client_id": client_id, "text": entry[0]}))
            if self.heartbeat and now - pinged >= self.limits.get("heartbeat", self.heartbeat):
                pinged = now
                await wire.send('{"type": "ping"}')
            await asyncio.sleep(0.05)

    def take(self, frame):
        kind = frame.pop("type")
        self.got_in = True
        if kind == "hello":
            self.limits = frame.get("limits", {})
            self.note("hello", connection=self.connection, last_seq=frame["last_seq"], resumed=frame["resumed"])
            if self.last_event is None:
                self.last_event = frame["last_event"]
            if self.last_seq is None and frame["last_seq"] == 0:
                self.last_seq = 0
            self.online.set()
        elif kind == "reset":
            self.last_seq, self.last_event = frame["first_seq"] - 1, frame["last_event"]
            self.received.clear()
            self.note("reset", connection=self.connection, first_seq=frame["first_seq"], last_seq=frame["last_seq"])
        elif kind == "msg":
            self.note("receive", connection=self.connection, **frame)
            self.received.add(frame["seq"])
            self.last_seq = max(self.last_seq or 0, frame["seq"])
        elif kind == "ack":
            self.note("ack", via="ws", **frame)
            self.unanswered.pop(frame["client_id"], None)
        elif kind == "err":
            self.note("err", via="ws", **frame)
            self.take_error(frame)
        elif kind in ("edited", "deleted"):
            self.note(kind, connection=self.connection, **frame)
            self.last_event = max(self.last_event or 0, frame["event"])

    def take_error(self, frame):
        entry = self.unanswered.get(frame.get("client_id"))
        if entry is None:
            return
        if frame["code"] in ("rate", "busy"):
            now = asyncio.get_running_loop().time()
            entry[1] = now - self.retry_after + min(frame.get("retry_after") or 0.5, self.retry_after)
        else:
            del self.unanswered[frame["client_id"]]

    def send(self, text=None, client_id=None):
        """Begin to send; the client goes on until there is an answer. The id under which it does."""
        client_id = client_id or str(uuid.uuid4())
        text = text or f"text {client_id}"
        self.note("invoke", client_id=client_id, text=text)
        self.unanswered[client_id] = [text, -1e9]
        return client_id

    async def edit(self, seq, text):
        self.note("edit", seq=seq, text=text)
        await self.raw(type="edit", seq=seq, text=text)
        self.note("changed", seq=seq)

    async def delete(self, seq):
        await self.raw(type="delete", seq=seq)
        self.note("changed", seq=seq)

    async def raw(self, **frame):
        """Send a frame past the queue, if there is a connection."""
        if self.wire is not None:
            with suppress(*LOST):
                await self.wire.send(json.dumps(frame))

    def has_all(self, last_seq):
        return not self.unanswered and (self.last_seq or 0) >= last_seq


class PlainClient(Client):
    """The contract's protocol: text in, messages out, and the echo is the receipt. It never repeats a text."""

    protocol = "plain"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.waiting = set()

    def take(self, frame):
        self.note("receive", connection=self.connection, **frame)
        self.received.add(frame["id"])
        if frame["text"] in self.waiting:
            self.waiting.discard(frame["text"])
            self.note("ack", via="echo", client_id=None, id=frame["id"], text=frame["text"])

    def refused(self, status):
        return 4403 if status == 403 else 1006

    async def send(self, text=None):
        """Send once, if there is a connection. What becomes of it only an echo tells."""
        if self.wire is None:
            return
        text = text or f"plain {uuid.uuid4()}"
        self.note("invoke", client_id=None, text=text)
        self.waiting.add(text)
        with suppress(*LOST):
            await self.wire.send(text)

    def has_all(self, last_seq):
        return True  # it knows no numbers: the checker looks


class Api:
    """HTTP calls of one person, written down like frames."""

    def __init__(self, history, person, port):
        self.history, self.person = history, person
        self.http = httpx.AsyncClient(
            base_url=f"http://{HOST}:{port}/api/v1/",
            headers={"Authorization": f"Token {person['key']}"},
            timeout=20,
            trust_env=False,
        )

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.http.aclose()

    async def call(self, method, path, **options):
        """The response, or None where there was none."""
        try:
            response = await self.http.request(method, path, **options)
        except httpx.HTTPError:
            return None
        if response.status_code >= 400:
            self.history.write("answer", status=response.status_code, call=f"{method} {path}", user=self.person["id"])
        return response

    async def post(self, chat, text, client_id=None, *, invoke=True):
        client_id = client_id or str(uuid.uuid4())
        who = {"client": f"http-{self.person['name']}", "user": self.person["id"], "chat": chat}
        if invoke:
            self.history.write("invoke", client_id=client_id, text=text, **who)
        response = await self.call("POST", f"chats/{chat}/messages/", json={"text": text, "client_id": client_id})
        if response is not None and response.status_code in (200, 201):
            body = response.json()
            dup = response.status_code == 200
            self.history.write("ack", via="http", client_id=client_id, id=body["id"], seq=body["seq"], dup=dup, **who)
        return response
