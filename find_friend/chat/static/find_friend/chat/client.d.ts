/** A client of the chat protocol ff.chat.v1, for browsers and for Node. */

/** A user's id: a number, or a UUID where the site has such keys. */
export type UserId = number | string;

/** A message, as the server tells it. A site's own serializer may add fields. */
export interface Message {
  /** Number of the message in its chat: 1, 2, 3 … without gaps. */
  seq: number;
  id: number;
  /** Null once that user is deleted. */
  sender: UserId | null;
  /** Empty once the message is deleted. */
  text: string;
  /** ISO 8601 with offset, like all times. */
  timestamp: string;
  edited_at: string | null;
  deleted_at: string | null;
  /** Of one's own messages, if they were sent with one. */
  client_id?: string;
}

export interface Edited {
  event: number;
  seq: number;
  text: string;
  edited_at: string;
}

export interface Deleted {
  event: number;
  seq: number;
  deleted_at: string;
}

export interface Limits {
  /** Longest text, in characters. */
  message_max_length: number;
  /** Frames a second in the long run. */
  frame_rate: number;
  /** Frames at once. */
  frame_burst: number;
  /** Seconds between pings. */
  heartbeat: number;
}

export interface Hello {
  chat: number;
  /** One's own id. */
  user: UserId;
  last_seq: number;
  last_event: number;
  /** Whether what follows continues what the client has. */
  resumed: boolean;
  limits: Limits;
}

export interface Reset {
  first_seq: number;
  last_seq: number;
  last_event: number;
}

/** A message on its way. The same object through its whole life. */
export interface Send {
  readonly clientId: string;
  readonly text: string;
  readonly status: "pending" | "sent" | "failed";
  /** These three are known once it is sent. */
  readonly id: number | null;
  readonly seq: number | null;
  readonly timestamp: string | null;
  /** Why it failed. */
  readonly error: ChatError | null;
  /** Gives this object once it is sent; rejects with `error` once it has failed for good. Need not be handled. */
  readonly promise: Promise<Send>;
}

export type ErrorCode =
  | "malformed"
  | "too_long"
  | "blank"
  | "invalid"
  | "conflict"
  | "forbidden"
  | "not_found"
  | "not_sender"
  | "too_late"
  /** The client was closed before an edit or deletion was answered. */
  | "closed"
  /** An edit or deletion had no answer. */
  | "timeout";

/** Why something failed. */
export class ChatError extends Error {
  constructor(code: ErrorCode, detail?: string);
  readonly name: "ChatError";
  readonly code: ErrorCode;
}

export type Status = "idle" | "connecting" | "open" | "waiting" | "closed";

export interface StatusChange {
  status: Status;
  /** With `waiting` and `closed`: the code that the connection was closed with; 1006 where there was none. */
  code?: number;
  reason?: string;
  /** With `waiting`: milliseconds to the next attempt. */
  retryIn?: number;
}

/** Names of events, and what their listeners are called with. */
export interface ChatEvents {
  status: StatusChange;
  /** Connected; the messages follow. */
  hello: Hello;
  /** Forget the messages shown so far: the newest ones follow, from `first_seq` on. */
  reset: Reset;
  /** A message, one's own included; each once, in the order of `seq`. */
  message: Message;
  /** A message of this client is pending, was sent, or has failed. */
  send: Send;
  edited: Edited;
  deleted: Deleted;
  /** A member has read up to a message: the other one, or oneself on another device. */
  read: { user: UserId; seq: number };
  /** Somebody began or ceased to write. */
  typing: { user: UserId; typing: boolean };
  presence: { user: UserId; online: boolean };
  /** The server refused something that no promise stands for. */
  error: ChatError;
  /** It is over, until connect() is called again: 1000 after close(), 4401 signed out, 4403 no right to be here. */
  closed: { code: number; reason: string };
}

/** A message that may not have been sent, as plain data to be stored. */
export interface Unsent {
  clientId: string;
  text: string;
}

/** Where a client is: pass it to the next one, and that goes on from there. */
export interface Cursor {
  /** The last message received; null before the first. */
  after: number | null;
  /** The last edit or deletion received. */
  afterEvent: number;
}

/** What the client uses of a WebSocket. */
export interface SocketLike {
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}

export interface ChatOptions extends Partial<Cursor> {
  /** Called before each attempt to connect; what it gives goes into the address as `?ticket=`. */
  ticket?: () => string | null | undefined | Promise<string | null | undefined>;
  /** The global one if left out. */
  WebSocket?: new (address: string, protocols: string[], options?: any) => SocketLike;
  /** The third argument of that class, such as `{ headers }`. */
  socketOptions?: unknown;
  /** Messages that an earlier client had not sent: its `unsent`. */
  pending?: readonly Unsent[];
  /** Bounds of the back-off, in milliseconds: 1000 and 30000. */
  minDelay?: number;
  maxDelay?: number;
  /** A frame that has no answer after so many milliseconds is repeated: 10000. */
  ackTimeout?: number;
}

export class ChatClient {
  /** `url`: the chat's address, such as `/ws/chat/17/` on a page or `wss://example.com/ws/chat/17/`. */
  constructor(url: string | URL, options?: ChatOptions);

  readonly status: Status;
  /** One's own id; null before the first `hello`. */
  readonly user: UserId | null;
  readonly limits: Limits | null;
  readonly cursor: Cursor;
  /** The messages that are not known to be sent, oldest first. */
  readonly unsent: Unsent[];

  /** Call `listener` for each event of that name; the function that is returned stops it. */
  on<Name extends keyof ChatEvents>(name: Name, listener: (detail: ChatEvents[Name]) => void): () => void;

  /** Begin, or begin again after `closed`. */
  connect(): void;
  /** End the connection and everything that was to happen later. `code` and `reason` go into the `closed` event. */
  close(code?: number, reason?: string): void;

  /** Send a message, now or once connected. Messages are sent one after the other, in this order. */
  send(text: string): Send;
  /** Give a message of one's own another text. */
  edit(seq: number, text: string): Promise<Omit<Edited, "event">>;
  /** Delete a message of one's own. */
  delete(seq: number): Promise<Omit<Deleted, "event">>;
  /** Everything up to `seq` is read; the last message received, if left out. */
  markRead(seq?: number): void;
  /** Call it with each key press; what is too much is left out. */
  typing(): void;
}
