// The usual chat server in Node: ws and pg, one INSERT per message, a pool of 16 connections, no rights.
import pg from "pg";
import { WebSocketServer } from "ws";

const pool = new pg.Pool({
  host: process.env.DB_HOST,
  port: Number(process.env.DB_PORT),
  user: process.env.POSTGRES_USER,
  password: process.env.POSTGRES_PASSWORD,
  database: process.env.FIND_FRIEND_BENCHMARK_DATABASE,
  max: 16,
});
const INSERT = {
  ...(process.env.PREPARED ? { name: "insert" } : {}),
  text: "INSERT INTO benchmarks_plainmessage (chat, sender, text, created) VALUES ($1, $2, $3, now()) RETURNING id, created",
};
const chats = new Map();

new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 2048 }).on("connection", (socket, request) => {
  const chat = Number(request.url.split("/").filter(Boolean).at(-1));
  const members = chats.get(chat) ?? new Set();
  chats.set(chat, members.add(socket));
  socket.on("close", () => members.delete(socket));
  socket.on("message", async (data) => {
    const text = data.toString();
    const { rows } = await pool.query({ ...INSERT, values: [chat, 1, text] });
    const message = JSON.stringify({ id: Number(rows[0].id), sender: 1, text, timestamp: rows[0].created });
    for (const member of members) member.send(message);
  });
});
