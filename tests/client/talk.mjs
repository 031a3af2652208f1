// Two members of a chat talk through a connection that the test keeps cutting. Prints what each of them saw.
import { setTimeout as pause } from "node:timers/promises";

import { WebSocket } from "./websocket.mjs";

const { client, address, tickets, people, count, seconds } = JSON.parse(process.argv[2]);
const { ChatClient } = await import(client);

async function ticket(key) {
  const answer = await fetch(tickets, { method: "POST", headers: { Authorization: `Token ${key}` } });
  if (!answer.ok) throw new Error(`no ticket: ${answer.status}`);
  return (await answer.json()).ticket;
}

function member({ name, key, way }) {
  const options = { WebSocket, minDelay: 50, maxDelay: 400, ackTimeout: 2000 };
  if (way === "ticket") options.ticket = () => ticket(key);
  else options.socketOptions = { headers: { Authorization: `Token ${key}` } };
  const chat = new ChatClient(address, options);
  const seen = { name, seqs: [], texts: {}, sent: [], failed: [], errors: [], resets: 0, connections: 0, read: 0 };
  chat.on("hello", () => (seen.connections += 1));
  chat.on("reset", () => (seen.resets += 1));
  chat.on("error", ({ code }) => seen.errors.push(code));
  chat.on("closed", ({ code }) => seen.errors.push(code));
  chat.on("message", ({ seq, sender, text }) => {
    if (sender !== chat.user) seen.read = seq; // no mark is told where a message says the same
    seen.seqs.push(seq);
    seen.texts[seq] = text;
    chat.markRead(seq);
  });
  chat.on("edited", ({ seq, text }) => (seen.texts[seq] = text));
  chat.on("deleted", ({ seq }) => (seen.texts[seq] = ""));
  chat.on("read", ({ user, seq }) => {
    if (user !== chat.user) seen.read = Math.max(seen.read, seq);
  });
  chat.on("send", ({ status, clientId, seq, text, error }) => {
    if (status === "sent") seen.sent.push([clientId, seq, text]);
    if (status === "failed") seen.failed.push(error.code);
  });
  chat.connect();
  return { chat, seen };
}

/** Send everything; edit or delete some of it. */
async function talk({ chat, seen }) {
  const changes = [];
  for (let number = 1; number <= count; number += 1) {
    const send = chat.send(`${seen.name} ${number}`);
    chat.typing();
    if (number % 5 === 0) {
      changes.push(send.promise.then(({ seq }) => (number % 10 ? chat.edit(seq, `${send.text}!`) : chat.delete(seq))));
    }
    await pause(20 + 40 * Math.random());
  }
  seen.changes = (await Promise.allSettled(changes)).map(({ status, reason }) => reason?.code ?? status);
}

const members = people.map(member);
await Promise.all(members.map(talk));

const everything = people.length * count;
const isDone = () =>
  members.every(({ chat, seen }) => chat.unsent.length === 0 && seen.seqs.length >= everything && seen.read >= everything)
  && JSON.stringify(members[0].seen.texts) === JSON.stringify(members[1].seen.texts);
for (let waited = 0; waited < seconds && !isDone(); waited += 0.1) await pause(100);
await pause(500); // for what should not come any more
for (const { chat, seen } of members) {
  seen.unsent = chat.unsent;
  chat.close();
}
console.log(JSON.stringify(members.map(({ seen }) => seen)));
