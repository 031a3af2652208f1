// As much of a WebSocket client as the tests need, for Node without one and without packages: whole frames only.
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export class WebSocket {
  onmessage = null;
  onclose = null;
  onerror = null;
  #wire = null;
  #received = Buffer.alloc(0);
  #closed = false;
  #code = 1006;
  #reason = "";

  constructor(address, protocols = [], { headers = {} } = {}) {
    const key = randomBytes(16).toString("base64");
    const request = http.get(address.replace("ws", "http"), {
      agent: false,
      headers: {
        ...headers,
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": 13,
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Protocol": protocols.join(", "),
      },
    });
    this.#wire = request;
    request.on("error", () => this.#end());
    request.on("response", (answer) => {
      answer.destroy();
      this.#end();
    });
    request.on("upgrade", (answer, wire, head) => {
      const expected = createHash("sha1").update(key + GUID).digest("base64");
      if (this.#closed || answer.headers["sec-websocket-accept"] !== expected) {
        wire.destroy();
        this.#end();
        return;
      }
      this.#wire = wire;
      wire.setNoDelay(true);
      wire.on("data", (data) => this.#read(data));
      wire.on("error", () => {});
      wire.on("close", () => this.#end());
      this.#read(head);
    });
  }

  send(text) {
    this.#write(TEXT, Buffer.from(text));
  }

  close(code = 1000) {
    if (this.#wire instanceof http.ClientRequest) {
      this.#wire.destroy();
      return;
    }
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#write(CLOSE, payload);
    this.#wire.end();
  }

  #end() {
    if (this.#closed) return;
    this.#closed = true;
    this.onclose?.({ code: this.#code, reason: this.#reason });
  }

  #write(opcode, payload) {
    if (this.#wire.destroyed || !this.#wire.writable) return;
    const size = payload.length;
    const head = size < 126 ? Buffer.alloc(2) : Buffer.alloc(4);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (size < 126 ? size : 126);
    if (size >= 126) head.writeUInt16BE(size, 2); // the tests write nothing longer
    const mask = randomBytes(4);
    const masked = payload.map((byte, index) => byte ^ mask[index % 4]);
    this.#wire.write(Buffer.concat([head, mask, masked]));
  }

  #read(data) {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const buffer = this.#received;
      if (buffer.length < 2) return;
      const short = buffer[1] & 0x7f;
      const start = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (buffer.length < start) return;
      const size = short < 126 ? short : short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
      if (buffer.length < start + size) return;
      this.#received = buffer.subarray(start + size);
      this.#take(buffer[0], buffer.subarray(start, start + size));
    }
  }

  #take(first, payload) {
    const opcode = first & 0x0f;
    if (first < 0x80 || opcode === 0) throw new Error("a server that sends frames in pieces");
    if (opcode === TEXT) this.onmessage?.({ data: payload.toString() });
    else if (opcode === PING) this.#write(PONG, payload);
    else if (opcode === CLOSE) {
      this.#code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#reason = payload.subarray(2).toString();
      this.#write(CLOSE, payload);
      this.#wire.end();
      this.#end();
    }
  }
}
