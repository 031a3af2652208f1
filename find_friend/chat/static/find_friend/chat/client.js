/**
 * A client of the chat protocol ff.chat.v1, for browsers and for Node.
 *
 *     const chat = new ChatClient("/ws/chat/17/");
 *     chat.on("message", (message) => show(message));
 *     chat.connect();
 *     chat.send("Hello!");
 *
 * Every option, method and event is described in client.d.ts beside this file.
 */

const PROTOCOL = "ff.chat.v1";

// All in milliseconds.
const CONNECT_PATIENCE = 20_000;
const STABLE_AFTER = 10_000;
const TOO_MANY_DELAY = 30_000;
const READ_DELAY = 300;
const TYPING_PAUSE = 3_000;
const TYPING_SHOWN = 5_000;

const CHANGE_TRIES = 3;
const SILENT_BEATS = 2;

const NORMAL = 1000;
const LOST = 1006;
const TOO_BIG = 1009;
const FORBIDDEN = 4403;
const TOO_MANY = 4429;
/** Close codes after which connecting again would change nothing: 4400 is a malformed address, 4401 signed out. */
const FINAL = new Set([NORMAL, TOO_BIG, 4400, 4401, FORBIDDEN]);

/** Why something failed; `code` is that of the server's `err` frame, or `closed` or `timeout`. */
export class ChatError extends Error {
  constructor(code, detail = "") {
    super(detail || code);
    this.name = "ChatError";
    this.code = code;
  }
}

function uuid() {
  // crypto.randomUUID() would do, but plain http pages do not have it.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The absolute ws: or wss: address of `url`, which may be relative to the page. */
function socketAddress(url) {
  const address = new URL(url, globalThis.location?.href);
  address.protocol = address.protocol.replace("http", "ws");
  address.hash = "";
  return address;
}

function parsed(data) {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    return {};
  }
}

/** Timers by name, so that each runs once at most and all can be stopped. */
class Timers {
  #running = new Map();

  set(name, delay, action) {
    this.clear(name);
    const run = () => {
      this.#running.delete(name);
      action();
    };
    this.#running.set(name, setTimeout(run, delay));
  }

  has(name) {
    return this.#running.has(name);
  }

  clear(...names) {
    for (const name of names) {
      clearTimeout(this.#running.get(name));
      this.#running.delete(name);
    }
  }

  clearAll() {
    this.clear(...this.#running.keys());
  }
}

/**
 * Frames that want an answer. One is under way at a time: the server takes them in the order in which they were
 * added, whatever is lost or refused for a while, and repeating one does no harm.
 */
class Outbox {
  #transmit;
  #patience;
  #tries;
  #timers = new Timers();
  items = [];

  /** `transmit(frame)` returns whether there was a connection. An item unanswered so many times fails. */
  constructor(transmit, patience, tries = Infinity) {
    this.#transmit = transmit;
    this.#patience = patience;
    this.#tries = tries;
  }

  add(item) {
    this.items.push({ ...item, begun: false, unanswered: 0 });
    if (this.items.length === 1) this.transmit();
  }

  /** Send the first item, again if need be. */
  transmit() {
    this.pause();
    const [first] = this.items;
    if (!first) return;
    if (first.unanswered >= this.#tries) {
      this.take(first).refuse(new ChatError("timeout"));
    } else if (this.#transmit(first.frame)) {
      first.begun = true;
      this.#timers.set("next", this.#patience, () => {
        first.unanswered += 1;
        this.transmit();
      });
    }
  }

  transmitAfter(delay) {
    this.#timers.set("next", delay, () => this.transmit());
  }

  pause() {
    this.#timers.clear("next");
  }

  /** The item under way, if the frame that came is an answer to it: all of `fields` are as in its own frame. */
  waiting(fields) {
    const [first] = this.items;
    const fits = first?.begun && Object.entries(fields).every(([name, value]) => first.frame[name] === value);
    return fits ? first : undefined;
  }

  /** Remove the item under way, since it was answered; the next one goes out. */
  take(item) {
    if (!item) return undefined;
    this.items.shift();
    this.transmit();
    return item;
  }

  refuseAll(error) {
    this.pause();
    for (const item of this.items.splice(0)) item.refuse(error);
  }
}

export class ChatClient {
  #address;
  #options;
  #listeners = new Map();
  #timers = new Timers();
  #socket = null;
  #attempt = null; // identifies the latest attempt to connect
  #failures = 0; // attempts since the last stable connection
  #tooMany = false;
  #silentBeats = 0;
  #status = "idle";
  #user = null;
  #limits = null;
  #after;
  #afterEvent;
  #early = new Map(); // changes of messages that have not come yet, by seq
  #gapAt = null; // the seq after which a message was missing
  #readUpTo = 0;
  #sends;
  #changes;

  constructor(url, options = {}) {
    this.#address = socketAddress(url);
    this.#options = { minDelay: 1_000, maxDelay: 30_000, ackTimeout: 10_000, pending: [], ...options };
    this.#after = options.after ?? null;
    this.#afterEvent = options.afterEvent ?? 0;
    const transmit = (frame) => this.#transmit(frame);
    this.#sends = new Outbox(transmit, this.#options.ackTimeout);
    this.#changes = new Outbox(transmit, this.#options.ackTimeout, CHANGE_TRIES);
    for (const { clientId, text } of this.#options.pending) this.#post(clientId, text);
  }

  // what everybody may look at

  get status() {
    return this.#status;
  }

  get user() {
    return this.#user;
  }

  get limits() {
    return this.#limits;
  }

  get cursor() {
    return { after: this.#after, afterEvent: this.#afterEvent };
  }

  get unsent() {
    return this.#sends.items.map(({ send }) => ({ clientId: send.clientId, text: send.text }));
  }

  /** Call `listener` for each event of that name; what is returned stops it. */
  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.#listeners.get(name).delete(listener);
  }

  #emit(name, detail) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(detail);
      } catch (error) {
        (globalThis.reportError ?? console.error)(error);
      }
    }
  }

  #setStatus(status, more = {}) {
    this.#status = status;
    this.#emit("status", { status, ...more });
  }

  // connecting

  connect() {
    if (this.#status !== "idle" && this.#status !== "closed") return;
    this.#failures = 0;
    globalThis.addEventListener?.("online", this.#wake);
    globalThis.document?.addEventListener("visibilitychange", this.#wake);
    this.#open();
    for (const { send } of [...this.#sends.items]) this.#emit("send", send);
  }

  close(code = NORMAL, reason = "") {
    if (this.#status !== "closed") this.#end(code, reason);
  }

  /** The page is looked at again, or the network is back: do not wait any longer. */
  #wake = () => {
    if (this.#status === "waiting" && !this.#tooMany && !globalThis.document?.hidden) this.#open();
  };

  async #open() {
    const attempt = (this.#attempt = {});
    this.#timers.clear("retry");
    this.#timers.set("connecting", CONNECT_PATIENCE, () => this.#lose(LOST, "no answer"));
    this.#setStatus("connecting");
    try {
      const ticket = await this.#options.ticket?.();
      if (attempt === this.#attempt) this.#listen(this.#makeSocket(ticket));
    } catch (error) {
      if (attempt === this.#attempt) this.#lose(LOST, String(error?.message ?? error));
    }
  }

  #makeSocket(ticket) {
    const { WebSocket = globalThis.WebSocket, socketOptions } = this.#options;
    const address = new URL(this.#address);
    if (this.#after !== null) {
      address.searchParams.set("after", this.#after);
      address.searchParams.set("after_event", this.#afterEvent);
    }
    if (ticket) address.searchParams.set("ticket", ticket);
    // Classes for Node have a third argument; that of browsers does not.
    return new WebSocket(address.href, [PROTOCOL], ...(socketOptions ? [socketOptions] : []));
  }

  #listen(socket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code, reason }) => this.#lose(code, String(reason ?? ""));
    socket.onerror = () => {}; // a close follows, and tells more
  }

  /** Give the socket up without waiting for its close: on a dead connection that would take long. */
  #drop() {
    const socket = this.#socket;
    this.#socket = this.#attempt = null;
    this.#timers.clear("connecting", "retry", "beat", "stable", "read");
    this.#sends.pause();
    this.#changes.pause();
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    try {
      socket.close(NORMAL);
    } catch {
      // It had not even begun.
    }
  }

  #lose(code, reason) {
    if (FINAL.has(code)) {
      this.#end(code, reason);
      return;
    }
    this.#drop();
    this.#tooMany = code === TOO_MANY;
    const { minDelay, maxDelay } = this.#options;
    const ceiling = Math.min(maxDelay, minDelay * 2 ** this.#failures++);
    const retryIn = Math.random() * ceiling + (this.#tooMany ? TOO_MANY_DELAY : 0);
    this.#timers.set("retry", retryIn, () => this.#open());
    this.#setStatus("waiting", { code, reason, retryIn });
  }

  #end(code, reason) {
    this.#drop();
    this.#timers.clearAll();
    globalThis.removeEventListener?.("online", this.#wake);
    globalThis.document?.removeEventListener("visibilitychange", this.#wake);
    this.#status = "closed";
    if (code === TOO_BIG) this.#sends.take(this.#sends.waiting({}))?.refuse(new ChatError("too_long", reason));
    if (code === FORBIDDEN) this.#sends.refuseAll(new ChatError("forbidden", reason));
    this.#changes.refuseAll(new ChatError(code === FORBIDDEN ? "forbidden" : "closed", reason));
    this.#setStatus("closed", { code, reason });
    this.#emit("closed", { code, reason });
  }

  #beat() {
    if (this.#silentBeats >= SILENT_BEATS) {
      this.#lose(LOST, "silent");
      return;
    }
    this.#silentBeats += 1;
    this.#transmit({ type: "ping" });
    this.#timers.set("beat", this.#limits.heartbeat * 1000, () => this.#beat());
  }

  // frames out

  /** Whether there was an open connection to send on. */
  #transmit(frame) {
    if (this.#status !== "open" || !this.#socket) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  send(text) {
    return this.#post(uuid(), String(text));
  }

  #post(clientId, text) {
    const send = { clientId, text, status: "pending", id: null, seq: null, timestamp: null, error: null };
    const settle = {};
    send.promise = new Promise((resolve, reject) => Object.assign(settle, { resolve, reject }));
    send.promise.catch(() => {}); // whoever is interested looks at it or listens to "send"
    const accept = ({ id, seq, timestamp }) => {
      Object.assign(send, { status: "sent", id, seq, timestamp });
      settle.resolve(send);
      this.#emit("send", send);
    };
    const refuse = (error) => {
      Object.assign(send, { status: "failed", error });
      settle.reject(error);
      this.#emit("send", send);
    };
    this.#emit("send", send);
    if (this.#isTooLong(text)) refuse(new ChatError("too_long"));
    else this.#sends.add({ frame: { type: "send", client_id: clientId, text }, send, accept, refuse });
    return send;
  }

  edit(seq, text) {
    text = String(text);
    return this.#change({ type: "edit", seq, text }, this.#isTooLong(text) && new ChatError("too_long"));
  }

  delete(seq) {
    return this.#change({ type: "delete", seq });
  }

  #change(frame, error) {
    const promise = new Promise((accept, refuse) => {
      if (error) refuse(error);
      else this.#changes.add({ frame, accept, refuse });
    });
    promise.catch(() => {}); // as in #post
    return promise;
  }

  #isTooLong(text) {
    return this.#limits !== null && [...text].length > this.#limits.message_max_length;
  }

  markRead(seq = this.#after) {
    if (seq === null || seq <= this.#readUpTo) return;
    this.#readUpTo = seq;
    if (!this.#timers.has("read")) this.#timers.set("read", READ_DELAY, () => this.#tellRead());
  }

  #tellRead() {
    if (this.#readUpTo > 0) this.#transmit({ type: "read", seq: this.#readUpTo });
  }

  typing() {
    if (this.#timers.has("typing")) return;
    if (this.#transmit({ type: "typing" })) this.#timers.set("typing", TYPING_PAUSE, () => {});
  }

  // frames in

  #receive(data) {
    this.#silentBeats = 0;
    const { type, ...frame } = parsed(data);
    if (type !== "hello" && this.#status !== "open") return;
    if (Object.hasOwn(this.#handlers, type)) this.#handlers[type](frame);
  }

  #handlers = {
    hello: (frame) => this.#takeHello(frame),
    reset: (frame) => this.#takeReset(frame),
    msg: (message) => this.#takeMessage(message),
    ack: (frame) => this.#accept(frame),
    err: (frame) => this.#takeError(frame),
    edited: (change) => this.#takeChange("edit", "edited", change),
    deleted: (change) => this.#takeChange("delete", "deleted", change),
    read: (frame) => this.#takeRead(frame),
    typing: ({ user }) => this.#takeTyping(user),
    presence: (frame) => this.#takePresence(frame),
    ping: () => this.#transmit({ type: "pong" }),
  };

  #takeHello(hello) {
    this.#user = hello.user;
    this.#limits = hello.limits;
    if (this.#after === null) {
      this.#afterEvent = hello.last_event;
      if (hello.last_seq === 0) this.#after = 0;
    }
    this.#tooMany = false;
    this.#timers.clear("connecting");
    this.#timers.set("stable", STABLE_AFTER, () => (this.#failures = 0));
    this.#timers.set("beat", hello.limits.heartbeat * 1000, () => this.#beat());
    this.#setStatus("open");
    this.#emit("hello", hello);
    this.#sends.transmit();
    this.#changes.transmit();
    this.#tellRead();
  }

  #takeReset(reset) {
    this.#after = Math.max(reset.first_seq - 1, 0);
    this.#afterEvent = reset.last_event;
    this.#readUpTo = 0;
    this.#early.clear();
    this.#emit("reset", reset);
  }

  #takeMessage(message) {
    const { seq } = message;
    if (this.#after !== null) {
      if (seq <= this.#after) return;
      if (seq > this.#after + 1 && this.#gapAt !== this.#after) {
        // Something is missing: ask for it once, then believe that it does not exist.
        this.#gapAt = this.#after;
        this.#lose(LOST, "gap");
        return;
      }
    }
    this.#after = seq;
    // Whoever writes has read what came before, and the server knows.
    if (message.sender === this.#user) this.#readUpTo = Math.max(this.#readUpTo, seq);
    if (message.client_id) this.#accept(message);
    // A change that was made while the connection was lost may come as the message itself.
    if (message.deleted_at) this.#settleChange({ type: "delete", seq }, message);
    else if (message.edited_at) this.#settleChange({ type: "edit", seq, text: message.text }, message);
    this.#endTyping(message.sender);
    this.#emit("message", message);
    const early = this.#early.get(seq);
    this.#early.delete(seq);
    if (early) this.#emit(early.name, early.change);
  }

  /** An `ack`, or the message itself, says that it is stored. */
  #accept(stored) {
    this.#sends.take(this.#sends.waiting({ client_id: stored.client_id }))?.accept(stored);
  }

  #settleChange(fields, { seq, text, edited_at, deleted_at }) {
    const change = fields.type === "edit" ? { seq, text, edited_at } : { seq, deleted_at };
    this.#changes.take(this.#changes.waiting(fields))?.accept(change);
  }

  #takeChange(type, name, change) {
    this.#settleChange({ type, seq: change.seq }, change);
    if (change.event <= this.#afterEvent) return;
    this.#afterEvent = change.event;
    if (this.#after !== null && change.seq > this.#after) this.#early.set(change.seq, { name, change });
    else this.#emit(name, change);
  }

  #takeError({ code, client_id: clientId, seq, retry_after: seconds = 1, detail }) {
    const box = clientId !== undefined ? this.#sends : this.#changes;
    const item = box.waiting(clientId !== undefined ? { client_id: clientId } : { seq });
    if (code === "rate" || code === "busy") {
      if (item) box.transmitAfter(seconds * 1000);
      else if (seq !== undefined) this.#timers.set("read", seconds * 1000, () => this.#tellRead());
      // What was refused is not said, as it was not even looked at: it may have been any of them.
      else for (const any of [this.#sends, this.#changes]) any.transmitAfter(seconds * 1000);
    } else {
      const error = new ChatError(code, detail);
      if (item) box.take(item).refuse(error);
      else this.#emit("error", error);
    }
  }

  #takeRead(read) {
    if (read.user === this.#user) this.#readUpTo = Math.max(this.#readUpTo, read.seq);
    this.#emit("read", read);
  }

  #takeTyping(user) {
    this.#timers.set(`typing of ${user}`, TYPING_SHOWN, () => this.#emit("typing", { user, typing: false }));
    this.#emit("typing", { user, typing: true });
  }

  #endTyping(user) {
    if (!this.#timers.has(`typing of ${user}`)) return;
    this.#timers.clear(`typing of ${user}`);
    this.#emit("typing", { user, typing: false });
  }

  #takePresence(presence) {
    if (!presence.online) this.#endTyping(presence.user);
    this.#emit("presence", presence);
  }
}
