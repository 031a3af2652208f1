// The client against a socket that the test plays the server on. Time is mocked.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

const { ChatClient, ChatError } = await import(process.env.FIND_FRIEND_CLIENT);

const LIMITS = { message_max_length: 10, frame_rate: 10, frame_burst: 20, heartbeat: 25 };
const EVENTS = "status hello reset message send edited deleted read typing presence error closed".split(" ");

let sockets, clients, unhandled;

class FakeSocket {
  sent = [];
  closedWith = null;

  constructor(address, protocols, ...more) {
    this.address = new URL(address);
    this.protocols = protocols;
    this.more = more;
    sockets.push(this);
  }

  send(data) {
    assert.equal(this.closedWith, null, "sent after close");
    this.sent.push(JSON.parse(data));
  }

  close(code) {
    this.closedWith = code;
  }

  /** What was sent since the last look, pings left out. */
  take(type) {
    const sent = this.sent.splice(0).filter((frame) => (type ? frame.type === type : frame.type !== "ping"));
    return sent;
  }

  tell(...frames) {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  hello(more = {}) {
    this.tell({ type: "hello", chat: 17, user: 1, last_seq: 0, last_event: 0, resumed: false, limits: LIMITS, ...more });
  }

  end(code, reason = "") {
    this.onclose?.({ code, reason });
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const tick = async (seconds) => {
  mock.timers.tick(seconds * 1000);
  await settled();
};
const msg = (seq, more = {}) => ({
  type: "msg", seq, id: seq + 100, sender: 2, text: `text ${seq}`, timestamp: "2024-03-21T11:07:10+03:00",
  edited_at: null, deleted_at: null, ...more,
});
const ack = (clientId, seq, dup = false) => ({
  type: "ack", client_id: clientId, id: seq + 100, seq, timestamp: "2024-03-21T11:07:10+03:00", dup,
});

function make(options = {}) {
  const client = new ChatClient("ws://example.com/ws/chat/17/", { WebSocket: FakeSocket, ...options });
  client.heard = [];
  for (const name of EVENTS) {
    client.on(name, (detail) => client.heard.push([name, name === "send" ? detail.status : detail]));
  }
  client.named = (name) => client.heard.filter(([heard]) => heard === name).map(([, detail]) => detail);
  clients.push(client);
  return client;
}

async function connected(options, hello) {
  const client = make(options);
  client.connect();
  await settled();
  const socket = sockets.at(-1);
  socket.hello(hello);
  return [client, socket];
}

const newest = () => sockets.at(-1);
const failing = (promise) => promise.then(() => assert.fail("did not fail"), (error) => error.code);

beforeEach(() => {
  sockets = [];
  clients = [];
  unhandled = [];
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(Math, "random", () => 1);
  process.on("unhandledRejection", remember);
});

afterEach(async () => {
  for (const client of clients) client.close();
  await settled();
  process.off("unhandledRejection", remember);
  mock.timers.reset();
  mock.restoreAll();
  assert.deepEqual(unhandled, []);
});

function remember(reason) {
  unhandled.push(reason);
}

// connecting

test("offers the protocol and nothing else at first", async () => {
  const [client, socket] = await connected();
  assert.deepEqual(socket.protocols, ["ff.chat.v1"]);
  assert.equal(socket.address.href, "ws://example.com/ws/chat/17/");
  assert.deepEqual(socket.more, []);
  assert.equal(client.status, "open");
  assert.equal(client.user, 1);
  assert.deepEqual(client.limits, LIMITS);
  assert.deepEqual(client.named("status").map(({ status }) => status), ["connecting", "open"]);
  client.connect();
  await settled();
  assert.equal(sockets.length, 1);
});

test("turns addresses of pages into addresses of sockets", async () => {
  globalThis.location = { href: "https://example.com/talk/?x=1#top" };
  try {
    for (const [given, made] of [
      ["/ws/chat/3/", "wss://example.com/ws/chat/3/"],
      ["http://other.example/ws/chat/3/?a=b#c", "ws://other.example/ws/chat/3/?a=b"],
      [new URL("wss://other.example/ws/chat/3/"), "wss://other.example/ws/chat/3/"],
    ]) {
      const client = new ChatClient(given, { WebSocket: FakeSocket });
      clients.push(client);
      client.connect();
      await settled();
      assert.equal(newest().address.href, made);
    }
  } finally {
    delete globalThis.location;
  }
  assert.throws(() => new ChatClient("/ws/chat/3/"), TypeError);
});

test("passes options through to socket classes of Node", async () => {
  const [, socket] = await connected({ socketOptions: { headers: { Authorization: "Token x" } } });
  assert.deepEqual(socket.more, [{ headers: { Authorization: "Token x" } }]);
});

test("asks for a ticket before each attempt", async () => {
  let number = 0;
  const [, socket] = await connected({ ticket: async () => `t${(number += 1)}` });
  assert.equal(socket.address.search, "?ticket=t1");
  socket.end(1006);
  await tick(1);
  assert.equal(newest().address.search, "?after=0&after_event=0&ticket=t2");
});

test("a ticket that fails, or never comes, is an attempt that failed", async () => {
  const answers = [() => Promise.reject(new Error("offline")), () => new Promise(() => {}), () => null];
  const client = make({ ticket: () => answers.shift()() });
  client.connect();
  await settled();
  assert.deepEqual(client.named("status").at(-1), { status: "waiting", code: 1006, reason: "offline", retryIn: 1000 });
  await tick(1);
  assert.equal(client.status, "connecting");
  await tick(20);
  assert.equal(client.status, "waiting");
  await tick(2);
  assert.equal(newest().address.search, "");
});

test("a ticket that comes after close() opens nothing", async () => {
  let give;
  const client = make({ ticket: () => new Promise((resolve) => (give = resolve)) });
  client.connect();
  client.close();
  give("late");
  await settled();
  assert.equal(sockets.length, 0);
});

test("a socket class that throws is an attempt that failed", async () => {
  const client = make({ WebSocket: class { constructor() { throw new Error("blocked"); } } });
  client.connect();
  await settled();
  assert.equal(client.named("status").at(-1).reason, "blocked");
});

test("gives up a connection without a hello, and sends nothing on it", async () => {
  const client = make();
  client.connect();
  await settled();
  client.send("hi");
  newest().tell({ id: 1, sender: 2, text: "of the plain protocol" }, msg(1));
  await tick(20);
  assert.deepEqual(newest().sent, []);
  assert.equal(newest().closedWith, 1000);
  assert.equal(client.status, "waiting");
  assert.deepEqual(client.named("message"), []);
});

test("backs off, twice as long each time, and begins anew after a stable connection", async () => {
  const client = make();
  client.connect();
  await settled();
  const waits = [];
  for (let attempt = 0; attempt < 7; attempt += 1) {
    newest().end(1006);
    waits.push(client.named("status").at(-1).retryIn);
    await tick(waits.at(-1) / 1000);
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  newest().hello();
  await tick(9);
  newest().end(1006);
  assert.equal(client.named("status").at(-1).retryIn, 30000);
  await tick(30);
  newest().hello({ resumed: true });
  await tick(10);
  newest().end(1006);
  assert.equal(client.named("status").at(-1).retryIn, 1000);
});

test("jitter is full: anything between nothing and the bound", async () => {
  Math.random.mock.mockImplementation(() => 0.25);
  const client = make({ minDelay: 100, maxDelay: 300 });
  client.connect();
  await settled();
  for (const retryIn of [25, 50, 75, 75]) {
    newest().end(1006);
    assert.equal(client.named("status").at(-1).retryIn, retryIn);
    await tick(1);
  }
});

for (const code of [1001, 1005, 1006, 1011, 1012, 1013, 4408, 4508, 4999]) {
  test(`connects again after ${code}`, async () => {
    const [client, socket] = await connected();
    socket.end(code, "why");
    assert.deepEqual(client.named("status").at(-1), { status: "waiting", code, reason: "why", retryIn: 1000 });
    await tick(1);
    assert.equal(sockets.length, 2);
    assert.deepEqual(client.named("closed"), []);
  });
}

for (const code of [1000, 1009, 4400, 4401, 4403]) {
  test(`stops after ${code}, until it is told to connect`, async () => {
    const [client, socket] = await connected();
    socket.end(code, "why");
    await tick(3600);
    assert.equal(sockets.length, 1);
    assert.equal(client.status, "closed");
    assert.deepEqual(client.named("closed"), [{ code, reason: "why" }]);
    client.connect();
    await settled();
    newest().hello();
    assert.equal(client.status, "open");
  });
}

test("waits longer where there are too many sockets, even if the page is looked at", async () => {
  Math.random.mock.mockImplementation(() => 0);
  await inBrowser(async (page) => {
    const [client, socket] = await connected();
    socket.end(4429);
    assert.equal(client.named("status").at(-1).retryIn, 30000);
    page.fire("online");
    await tick(29.9);
    assert.equal(sockets.length, 1);
    await tick(0.1);
    assert.equal(sockets.length, 2);
  });
});

async function inBrowser(action) {
  const page = new EventTarget();
  page.document = Object.assign(new EventTarget(), { hidden: false });
  page.fire = (name) => (name === "online" ? page : page.document).dispatchEvent(new Event(name));
  globalThis.addEventListener = page.addEventListener.bind(page);
  globalThis.removeEventListener = page.removeEventListener.bind(page);
  globalThis.document = page.document;
  try {
    await action(page);
  } finally {
    for (const client of clients) client.close();
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
    delete globalThis.document;
  }
}

for (const event of ["online", "visibilitychange"]) {
  test(`"${event}" ends the waiting at once`, async () => {
    await inBrowser(async (page) => {
      const [client, socket] = await connected();
      page.fire(event);
      await settled();
      assert.equal(sockets.length, 1);
      socket.end(1006);
      page.document.hidden = true;
      page.fire(event);
      await settled();
      assert.equal(sockets.length, 1);
      page.document.hidden = false;
      page.fire(event);
      await settled();
      assert.equal(sockets.length, 2);
      await tick(10);
      assert.equal(sockets.length, 2, "the timer is gone");
      client.close();
      page.fire(event);
      await settled();
      assert.equal(sockets.length, 2);
    });
  });
}

// heartbeat

test("pings with each heartbeat, and answers pings", async () => {
  const [client, socket] = await connected();
  for (let beat = 0; beat < 5; beat += 1) {
    await tick(25);
    assert.deepEqual(socket.sent.splice(0), [{ type: "ping" }]);
    socket.tell({ type: "pong" });
  }
  socket.tell({ type: "ping" });
  assert.deepEqual(socket.sent, [{ type: "pong" }]);
  assert.equal(client.status, "open");
});

test("a connection that is silent for two heartbeats is dead", async () => {
  const [client, socket] = await connected();
  await tick(25);
  await tick(25);
  assert.equal(client.status, "open");
  await tick(25);
  assert.equal(socket.closedWith, 1000);
  assert.equal(client.named("status").at(-1).reason, "silent");
  socket.end(4403);
  socket.tell(msg(1));
  assert.equal(client.status, "waiting", "the old socket says nothing any more");
  assert.deepEqual(client.named("message"), []);
  await tick(1);
  newest().hello();
  assert.equal(client.status, "open");
});

// receiving

test("gives each message once and in order, and resumes after the last one", async () => {
  const [client, socket] = await connected({}, { last_seq: 41 });
  socket.tell(msg(40), msg(41), msg(41), msg(40), msg(42));
  assert.deepEqual(client.named("message").map(({ seq }) => seq), [40, 41, 42]);
  const { type, ...message } = msg(40);
  assert.deepEqual(client.named("message")[0], message);
  assert.deepEqual(client.cursor, { after: 42, afterEvent: 0 });
  socket.end(1006);
  await tick(1);
  assert.equal(newest().address.search, "?after=42&after_event=0");
  newest().hello({ resumed: true, last_seq: 43 });
  newest().tell(msg(42), msg(43));
  assert.deepEqual(client.named("message").map(({ seq }) => seq), [40, 41, 42, 43]);
});

test("goes on from a cursor that was stored", async () => {
  const [client, socket] = await connected({ after: 7, afterEvent: 3 }, { resumed: true, last_seq: 8, last_event: 4 });
  assert.equal(socket.address.search, "?after=7&after_event=3");
  socket.tell(msg(8), { type: "edited", event: 3, seq: 1, text: "seen", edited_at: "x" });
  socket.tell({ type: "edited", event: 4, seq: 1, text: "new", edited_at: "x" });
  assert.deepEqual(client.named("edited").map(({ text }) => text), ["new"]);
  assert.deepEqual(client.cursor, { after: 8, afterEvent: 4 });
});

test("asks again for a message that is missing, but only once", async () => {
  const [client, socket] = await connected();
  socket.tell(msg(1), msg(3));
  assert.equal(client.named("status").at(-1).reason, "gap");
  await tick(1);
  assert.equal(newest().address.searchParams.get("after"), "1");
  newest().hello({ resumed: true });
  newest().tell(msg(3), msg(4));
  assert.deepEqual(client.named("message").map(({ seq }) => seq), [1, 3, 4]);
  assert.equal(sockets.length, 2);
});

test("after a reset it begins where the server says", async () => {
  const [client, socket] = await connected({ after: 5, afterEvent: 9 }, { last_seq: 900, last_event: 70 });
  socket.tell({ type: "reset", first_seq: 871, last_seq: 900, last_event: 70 });
  assert.deepEqual(client.named("reset"), [{ first_seq: 871, last_seq: 900, last_event: 70 }]);
  assert.deepEqual(client.cursor, { after: 870, afterEvent: 70 });
  socket.tell(msg(871), { type: "edited", event: 70, seq: 2, text: "old", edited_at: "x" }, msg(872));
  assert.deepEqual(client.named("message").map(({ seq }) => seq), [871, 872]);
  assert.deepEqual(client.named("edited"), []);
});

test("after a reset to an older state, smaller numbers count again", async () => {
  const [client, socket] = await connected({ after: 50, afterEvent: 9 }, { last_seq: 2 });
  client.markRead(50);
  socket.tell({ type: "reset", first_seq: 1, last_seq: 2, last_event: 0 }, msg(1), msg(2));
  assert.deepEqual(client.named("message").map(({ seq }) => seq), [1, 2]);
  socket.take();
  client.markRead();
  await tick(1);
  assert.deepEqual(socket.take("read"), [{ type: "read", seq: 2 }]);
});

test("changes come once, and never before their message", async () => {
  const [client, socket] = await connected();
  const edited = { event: 1, seq: 1, text: "b", edited_at: "x" };
  const deleted = { event: 2, seq: 2, deleted_at: "y" };
  socket.tell(msg(1), { type: "edited", ...edited }, { type: "edited", ...edited }, { type: "deleted", ...deleted });
  assert.deepEqual(client.named("deleted"), []);
  socket.tell(msg(2));
  assert.deepEqual(client.heard.slice(-3).map(([name]) => name), ["edited", "message", "deleted"]);
  assert.deepEqual(client.named("edited"), [edited]);
  assert.deepEqual(client.named("deleted"), [deleted]);
  socket.end(1006);
  await tick(1);
  assert.equal(newest().address.search, "?after=2&after_event=2");
});

test("what it does not understand is ignored", async () => {
  const [client, socket] = await connected();
  for (const data of ["", "no json", "null", "5", "[]", '{"type": "toString"}', '{"type": "__proto__"}', "{}"]) {
    socket.onmessage({ data });
  }
  socket.onmessage({ data: new ArrayBuffer(2) });
  socket.tell({ type: "from the future", seq: 1 }, msg(1, { mood: "good" }));
  assert.equal(client.named("message")[0].mood, "good");
  assert.equal(client.status, "open");
});

test("a listener that fails stops nobody else", async () => {
  const reported = mock.method(console, "error", () => {});
  const [client, socket] = await connected();
  const stop = client.on("message", () => {
    throw new Error("of the listener");
  });
  const later = [];
  client.on("message", ({ seq }) => later.push(seq));
  socket.tell(msg(1));
  stop();
  socket.tell(msg(2));
  assert.deepEqual(later, [1, 2]);
  assert.equal(reported.mock.callCount(), 1);
});

// typing, presence, read marks

test("tells of typing once in three seconds", async () => {
  const [client, socket] = await connected();
  for (let press = 0; press < 5; press += 1) client.typing();
  await tick(2.9);
  client.typing();
  assert.equal(socket.take("typing").length, 1);
  await tick(0.1);
  client.typing();
  assert.equal(socket.take("typing").length, 1);
  await tick(3);
  socket.end(1006);
  client.typing();
  await tick(1);
  newest().hello();
  assert.deepEqual(newest().take(), []);
});

test("typing ends after five seconds, with a message, or when they leave", async () => {
  const [client, socket] = await connected();
  const typing = (user) => socket.tell({ type: "typing", user });
  typing(2);
  await tick(4);
  typing(2);
  await tick(4.9);
  assert.deepEqual(client.named("typing").map(({ typing }) => typing), [true, true]);
  await tick(0.1);
  assert.deepEqual(client.named("typing").at(-1), { user: 2, typing: false });
  typing(2);
  socket.tell(msg(1, { sender: 2 }));
  assert.deepEqual(client.named("typing").at(-1), { user: 2, typing: false });
  typing(2);
  socket.tell({ type: "presence", user: 2, online: false });
  assert.deepEqual(client.named("typing").at(-1), { user: 2, typing: false });
  const count = client.named("typing").length;
  await tick(60);
  assert.equal(client.named("typing").length, count);
  assert.deepEqual(client.named("presence"), [{ user: 2, online: false }]);
});

test("read marks are gathered, and never move back", async () => {
  const [client, socket] = await connected();
  client.markRead();
  socket.tell(msg(1), msg(2), msg(3));
  client.markRead(1);
  client.markRead();
  client.markRead(2);
  assert.deepEqual(socket.take("read"), []);
  await tick(0.3);
  assert.deepEqual(socket.take("read"), [{ type: "read", seq: 3 }]);
  client.markRead(2);
  await tick(1);
  assert.deepEqual(socket.take("read"), []);
  socket.end(1006);
  client.markRead(4);
  await tick(1);
  newest().hello({ resumed: true });
  assert.deepEqual(newest().take("read"), [{ type: "read", seq: 4 }]);
  newest().tell({ type: "err", code: "rate", seq: 4, retry_after: 2 });
  await tick(2);
  assert.deepEqual(newest().take("read"), [{ type: "read", seq: 4 }]);
  newest().tell({ type: "read", user: 1, seq: 6 }, { type: "read", user: 2, seq: 9 });
  client.markRead(6);
  await tick(1);
  assert.deepEqual(newest().take("read"), []);
  client.markRead(7);
  await tick(1);
  assert.deepEqual(newest().take("read"), [{ type: "read", seq: 7 }]);
  assert.deepEqual(client.named("read"), [{ user: 1, seq: 6 }, { user: 2, seq: 9 }]);
});

test("whoever writes has read what came before", async () => {
  const [client, socket] = await connected();
  socket.tell(msg(1), msg(2, { sender: 1 }));
  client.markRead();
  await tick(1);
  assert.deepEqual(socket.take("read"), []);
});

// sending

test("a message is shown as pending, then sent", async () => {
  const [client, socket] = await connected();
  const send = client.send("hi");
  assert.match(send.clientId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual([send.text, send.status], ["hi", "pending"]);
  assert.deepEqual(client.named("send"), ["pending"]);
  assert.deepEqual(socket.take(), [{ type: "send", client_id: send.clientId, text: "hi" }]);
  assert.deepEqual(client.unsent, [{ clientId: send.clientId, text: "hi" }]);
  socket.tell(ack(send.clientId, 1));
  assert.equal(await send.promise, send);
  assert.deepEqual([send.status, send.id, send.seq], ["sent", 101, 1]);
  assert.equal(send.timestamp, "2024-03-21T11:07:10+03:00");
  assert.deepEqual(client.unsent, []);
  assert.deepEqual(client.named("send"), ["pending", "sent"]);
  socket.tell(msg(1, { sender: 1, client_id: send.clientId }), ack(send.clientId, 1, true));
  assert.deepEqual(client.named("send"), ["pending", "sent"]);
  assert.equal(client.named("message")[0].client_id, send.clientId);
});

test("the message itself says as well that it is stored", async () => {
  const [client, socket] = await connected();
  const send = client.send("hi");
  socket.tell(msg(1, { sender: 1, client_id: send.clientId }));
  assert.equal((await send.promise).seq, 1);
  socket.tell(ack(send.clientId, 1));
  assert.deepEqual(client.named("send"), ["pending", "sent"]);
});

test("messages go one after the other", async () => {
  const [client, socket] = await connected();
  const sends = ["a", "b", "c"].map((text) => client.send(text));
  for (const [index, send] of sends.entries()) {
    assert.deepEqual(socket.take("send").map(({ text }) => text), [send.text]);
    socket.tell(ack(send.clientId, index + 1));
  }
  assert.deepEqual(sends.map(({ seq }) => seq), [1, 2, 3]);
});

test("what was sent before connecting, or while waiting, goes out later", async () => {
  const client = make();
  const first = client.send("a");
  client.connect();
  await settled();
  const second = client.send("b");
  newest().hello();
  assert.deepEqual(newest().take("send").map(({ text }) => text), ["a"]);
  newest().end(1006);
  const third = client.send("c");
  await tick(1);
  newest().hello({ resumed: true });
  for (const [index, send] of [first, second, third].entries()) {
    assert.deepEqual(newest().take("send"), [{ type: "send", client_id: send.clientId, text: send.text }]);
    newest().tell(ack(send.clientId, index + 1));
  }
});

test("a lost acknowledgement is asked for with the same client_id", async () => {
  const [client, socket] = await connected();
  const send = client.send("hi");
  const [frame] = socket.take("send");
  await tick(9.9);
  assert.deepEqual(socket.take("send"), []);
  await tick(0.1);
  assert.deepEqual(socket.take("send"), [frame]);
  socket.end(1012);
  await tick(1);
  newest().hello({ resumed: true });
  assert.deepEqual(newest().take("send"), [frame]);
  newest().tell(ack(send.clientId, 1, true));
  assert.equal((await send.promise).seq, 1);
  await tick(60);
  assert.deepEqual(newest().take("send"), []);
});

for (const code of ["conflict", "too_long", "blank", "invalid", "forbidden", "malformed"]) {
  test(`"${code}" fails a message for good, and the next one goes out`, async () => {
    const [client, socket] = await connected();
    const [bad, good] = [client.send("bad"), client.send("good")];
    socket.take();
    socket.tell({ type: "err", code, client_id: bad.clientId, detail: "why" });
    assert.deepEqual([bad.status, bad.error.code, bad.error.message], ["failed", code, "why"]);
    assert.ok(bad.error instanceof ChatError);
    assert.equal(await failing(bad.promise), code);
    assert.deepEqual(client.unsent, [{ clientId: good.clientId, text: "good" }]);
    assert.deepEqual(socket.take("send").map(({ text }) => text), ["good"]);
    assert.deepEqual(client.named("error"), []);
  });
}

for (const code of ["rate", "busy"]) {
  for (const named of [true, false]) {
    test(`"${code}" ${named ? "with" : "without"} a client_id puts it off`, async () => {
      const [client, socket] = await connected();
      const send = client.send("hi");
      const [frame] = socket.take("send");
      socket.tell({ type: "err", code, retry_after: 3, ...(named && { client_id: send.clientId }) });
      client.send("next");
      await tick(2.9);
      assert.deepEqual(socket.take("send"), []);
      await tick(0.1);
      assert.deepEqual(socket.take("send"), [frame]);
      socket.tell(ack(send.clientId, 1));
      assert.equal(send.status, "sent");
      assert.deepEqual(socket.take("send").map(({ text }) => text), ["next"]);
    });
  }
}

test("a text that is too long fails without being sent, counted in characters", async () => {
  const [client, socket] = await connected();
  const long = client.send("x".repeat(11));
  assert.equal(await failing(long.promise), "too_long");
  client.send("😀".repeat(10));
  assert.equal(socket.take("send").length, 1);
  assert.deepEqual(client.named("send"), ["pending", "failed", "pending"]);
});

test("a frame that was too big is not repeated", async () => {
  const client = make();
  const [big, next] = [client.send("big"), client.send("next")];
  client.connect();
  await settled();
  newest().hello();
  newest().end(1009);
  assert.equal(await failing(big.promise), "too_long");
  client.connect();
  await settled();
  newest().hello();
  assert.deepEqual(newest().take("send").map(({ text }) => text), [next.text]);
});

test("where it may not write any more, everything pending fails", async () => {
  const [client, socket] = await connected();
  const sends = [client.send("a"), client.send("b")];
  const edit = client.edit(1, "c");
  socket.end(4403);
  assert.deepEqual(await Promise.all(sends.map(({ promise }) => failing(promise))), ["forbidden", "forbidden"]);
  assert.equal(await failing(edit), "forbidden");
  assert.deepEqual(client.unsent, []);
});

test("signed out, it keeps what is pending for later", async () => {
  const [client, socket] = await connected();
  const send = client.send("a");
  socket.end(4401);
  assert.equal(send.status, "pending");
  client.connect();
  await settled();
  newest().hello({ resumed: true });
  newest().tell(ack(send.clientId, 1));
  assert.equal((await send.promise).status, "sent");
});

test("what was unsent survives a reload of the page", async () => {
  const [before] = await connected();
  before.send("a");
  before.send("b");
  before.close();
  const { unsent } = before;
  const after = make({ ...before.cursor, pending: JSON.parse(JSON.stringify(unsent)) });
  assert.deepEqual(after.unsent, unsent);
  const shown = [];
  after.on("send", (send) => shown.push([send.clientId, send.status]));
  after.connect();
  assert.deepEqual(shown, unsent.map(({ clientId }) => [clientId, "pending"]));
  await settled();
  newest().hello();
  newest().tell(ack(unsent[0].clientId, 1, true));
  assert.deepEqual(newest().take("send").map((frame) => frame.client_id), unsent.map(({ clientId }) => clientId));
  assert.deepEqual(after.unsent, unsent.slice(1));
});

// edits and deletions

test("an edit ends with the change that everybody gets", async () => {
  const [client, socket] = await connected();
  socket.tell(msg(1), msg(2));
  const [edit, erase] = [client.edit(1, "b"), client.delete(2)];
  assert.deepEqual(socket.take(), [{ type: "edit", seq: 1, text: "b" }]);
  const edited = { seq: 1, text: "b", edited_at: "x" };
  socket.tell({ type: "deleted", event: 1, seq: 1, deleted_at: "no answer to it" });
  socket.tell({ type: "edited", event: 2, ...edited });
  assert.deepEqual(await edit, edited);
  assert.deepEqual(socket.take(), [{ type: "delete", seq: 2 }]);
  socket.end(1006);
  await tick(1);
  newest().hello({ resumed: true });
  assert.deepEqual(newest().take(), [{ type: "delete", seq: 2 }]);
  newest().tell({ type: "deleted", event: 3, seq: 2, deleted_at: "y" });
  assert.deepEqual(await erase, { seq: 2, deleted_at: "y" });
});

test("an edit ends as well with the message, where that came later", async () => {
  const [client, socket] = await connected();
  const [edit, erase] = [client.edit(1, "b"), client.delete(2)];
  socket.end(1006);
  await tick(1);
  newest().hello({ resumed: true });
  newest().tell(msg(1, { text: "b", edited_at: "x" }), msg(2, { text: "", deleted_at: "y" }));
  assert.deepEqual(await edit, { seq: 1, text: "b", edited_at: "x" });
  assert.deepEqual(await erase, { seq: 2, deleted_at: "y" });
});

for (const code of ["not_found", "not_sender", "too_late", "invalid"]) {
  test(`"${code}" fails an edit`, async () => {
    const [client, socket] = await connected();
    const edit = client.edit(1, "b");
    socket.tell({ type: "err", code, seq: 1 });
    assert.equal(await failing(edit), code);
    assert.deepEqual(client.named("error"), []);
  });
}

test("an edit is put off, repeated, and fails if nobody answers", async () => {
  const [client, socket] = await connected();
  const edit = client.edit(1, "b");
  socket.take();
  socket.tell({ type: "err", code: "busy", seq: 1, retry_after: 2 });
  await tick(2);
  assert.equal(socket.take("edit").length, 1);
  for (let second = 0; second < 30; second += 1) {
    await tick(1);
    socket.tell({ type: "pong" });
  }
  assert.equal(socket.take("edit").length, 2);
  assert.equal(await failing(edit), "timeout");
  assert.equal(await failing(client.edit(1, "x".repeat(11))), "too_long");
});

test("an error that belongs to nothing is an event", async () => {
  const [client, socket] = await connected();
  socket.tell({ type: "err", code: "not_found", seq: 99, detail: "no such message" });
  assert.deepEqual(client.named("error").map(({ code, message }) => [code, message]), [["not_found", "no such message"]]);
});

// the end

test("close() ends everything", async () => {
  const [client, socket] = await connected();
  const send = client.send("hi");
  const edit = client.edit(1, "b");
  client.markRead(1);
  client.typing();
  socket.tell({ type: "typing", user: 2 });
  client.close();
  client.close();
  assert.equal(socket.closedWith, 1000);
  assert.equal(await failing(edit), "closed");
  assert.deepEqual(client.named("closed"), [{ code: 1000, reason: "" }]);
  const heard = client.heard.length;
  const sent = socket.sent.length;
  socket.end(1006);
  socket.tell(msg(1));
  await tick(3600);
  assert.equal(client.heard.length, heard);
  assert.equal(socket.sent.length, sent);
  assert.equal(sockets.length, 1);
  assert.equal(send.status, "pending");
});

test("close() while it waits, and before it has begun", async () => {
  const [client, socket] = await connected();
  socket.end(1006);
  client.close(4401, "no session");
  await tick(3600);
  assert.equal(sockets.length, 1);
  assert.deepEqual(client.named("closed"), [{ code: 4401, reason: "no session" }]);
  const other = make();
  other.close();
  assert.equal(other.status, "closed");
});

test("a listener may close the client whatever it hears", async () => {
  for (const name of ["status", "hello", "reset", "message", "send", "edited", "typing", "presence", "read", "error"]) {
    const client = make();
    client.on(name, () => client.close());
    client.send("hi");
    client.connect();
    await settled();
    const socket = newest();
    socket?.hello();
    socket?.tell(
      { type: "reset", first_seq: 1, last_seq: 1, last_event: 0 }, msg(1),
      { type: "edited", event: 1, seq: 1, text: "b", edited_at: "x" }, { type: "typing", user: 2 },
      { type: "presence", user: 2, online: true }, { type: "read", user: 2, seq: 1 },
      { type: "err", code: "malformed" },
    );
    await tick(3600);
    assert.equal(client.status, "closed", name);
  }
});
