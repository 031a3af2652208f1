// Two people talk over real sockets: sign in for a token, open the chat, exchange the token for a one-time ticket.
"use strict";

const talk = document.querySelector("#talk");
const sides = [...talk.querySelectorAll(".side")];

async function call(path, token, body) {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Token ${token}`;
  const answer = await fetch(`/api/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.detail || JSON.stringify(data));
  return data;
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function show(list, text, className) {
  list.append(element("p", { textContent: text, className }));
  list.scrollTop = list.scrollHeight;
}

async function connect(side, other, list) {
  const email = side.dataset.email;
  const { auth_token: token } = await call("auth/token/login/", null, { email, password: talk.dataset.password });
  const chat = await call("chats/start/", token, { email: other.dataset.email });
  const me = await (await fetch("/api/v1/users/me/", { headers: { Authorization: `Token ${token}` } })).json();
  const { ticket } = await call("auth/ws-ticket/", token, {});
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}/ws/chat/${chat.id}/?ticket=${ticket}`);

  // The newest messages come first, newest on top; what follows is new.
  const shown = new Map();
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    shown.set(message.id, message);
    const inOrder = [...shown.values()].sort((a, b) => a.id - b.id);
    list.replaceChildren();
    for (const { sender, text } of inOrder) show(list, text, sender === me.id ? "own" : "");
  });
  socket.addEventListener("close", () => show(list, talk.dataset.closed, "note"));
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("close", () => reject(new Error(talk.dataset.closed)));
  });
  return socket;
}

sides.forEach((side, index) => {
  const list = element("div", { className: "messages" });
  const input = element("input", { placeholder: talk.dataset.placeholder, autocomplete: "off", maxLength: 1000 });
  const button = element("button", { textContent: talk.dataset.connect });
  const form = element("form", {}, input, button);
  let socket = null;

  input.disabled = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (socket && socket.readyState === WebSocket.OPEN) {
      if (input.value.trim()) socket.send(input.value);
      input.value = "";
      return;
    }
    button.disabled = true;
    try {
      socket = await connect(side, sides[1 - index], list);
      socket.addEventListener("close", () => {
        button.textContent = talk.dataset.connect;
        input.disabled = true;
      });
      button.textContent = "↑";
      input.disabled = false;
      input.focus();
    } catch (error) {
      show(list, error.message, "note");
    }
    button.disabled = false;
  });
  side.append(element("b", { textContent: side.dataset.email }), list, form);
});
