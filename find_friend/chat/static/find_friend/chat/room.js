// A chat, live. Without this file, and where nothing connects, it is a page with forms.
const room = document.querySelector("#ff-room");
const { client, socket, chat: key, user: me, limit } = room.dataset;
const isLive = "live" in room.dataset;
const words = JSON.parse(room.dataset.words);
const names = JSON.parse(room.dataset.names);
const big = new RegExp(room.dataset.big || "^$", "u");
const $ = (selector, from = room) => from.querySelector(selector);
const removeAll = (selector, from = room) => from.querySelectorAll(selector).forEach((part) => part.remove());
const log = $(".ff-log");
const list = $(".ff-lines");
const CHANCES = 5; // tries to connect before the page goes on without

const language = document.documentElement.lang || undefined;
const clock = new Intl.DateTimeFormat(language, { timeStyle: "short" });
const calendar = new Intl.DateTimeFormat(language, { dateStyle: "long" });

function dayOf(date) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 864e5);
  return [words.today, words.yesterday][days] ?? calendar.format(date);
}

/** Write the times, and a divider where a day begins. */
function divide() {
  removeAll(".ff-day:not(.ff-first-unread)", list);
  let before = "";
  for (const time of list.querySelectorAll("time")) {
    const date = new Date(time.dateTime);
    time.textContent = clock.format(date);
    if (date.toDateString() !== before) {
      const divider = document.createElement("li");
      divider.className = "ff-day";
      divider.append(document.createElement("span"));
      divider.firstChild.textContent = dayOf(date);
      const line = time.closest("li");
      const above = line.previousElementSibling;
      (above?.matches(".ff-first-unread") ? above : line).before(divider);
    }
    before = date.toDateString();
  }
}

// scrollTop is 0 at the end, and negative above.
const box = (element) => element.getBoundingClientRect();
const isAtEnd = () => log.scrollTop > -48;

/** At the end one stays there; elsewhere the line that one reads does. */
function keepingPlace(change, stay = isAtEnd()) {
  const seen = stay ? null : [...list.children].find((line) => box(line).bottom > box(log).top);
  const place = seen && box(seen).top;
  change();
  if (stay) log.scrollTop = 0;
  else if (seen?.isConnected) log.scrollTop += box(seen).top - place;
}

// by client_id while a message is on its way, then by seq

const lines = new Map();
const changes = new Map(); // by seq, for lines that are loaded later
const register = (line) => lines.set(Number(line.dataset.seq), line);
list.querySelectorAll(".ff-line").forEach(register);

// As in texts.py.
const ADDRESS =
  /\bhttps?:\/\/[^\x00-\x20\x7f-\xa0"<>\\^`{|}\u061c\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]+/gi;
const isOpen = (address) => address.endsWith(")") && address.split("(").length >= address.split(")").length;

function withoutEnd(address) {
  while (/[.,;:!?…'’”»)\]*_]$/.test(address) && !isOpen(address)) address = address.slice(0, -1);
  return address;
}

function write(line, text) {
  const parts = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const link = document.createElement("a");
    link.href = link.textContent = withoutEnd(found);
    if (!link.hostname) continue; // no address after all
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow ugc";
    parts.push(text.slice(end, index), link);
    end = index + link.textContent.length;
  }
  const shown = $(".ff-words", line);
  shown.classList.toggle("ff-big", big.test(text));
  shown.replaceChildren(...parts, text.slice(end));
}

function newLine({ sender, text, timestamp = new Date().toISOString() }) {
  const line = $("#ff-line").content.firstElementChild.cloneNode(true);
  const isOwn = String(sender) === me;
  line.classList.toggle("ff-own", isOwn);
  line.dataset.sender = sender ?? "";
  $(".ff-sender", line).textContent = `${isOwn ? words.you : (names[sender] ?? "")}:`;
  $("time", line).dateTime = timestamp;
  if (!isOwn) removeAll(".ff-menu, .ff-mark", line);
  write(line, text);
  removeAll(".ff-no-lines");
  return line;
}

function mark(line, state) {
  line.classList.toggle("ff-pending", state === "pending");
  line.classList.toggle("ff-failed", state === "failed");
  const shown = $(".ff-mark", line);
  if (!shown) return;
  shown.dataset.state = state;
  shown.ariaLabel = words[state] ?? "";
}

function edited(line, text) {
  write(line, text);
  $(".ff-edited", line).hidden = false;
}

function deleted(line) {
  line.classList.add("ff-gone");
  write(line, words.deleted);
  removeAll(".ff-edited, .ff-menu, .ff-mark", line);
}

// Earlier messages come as the server writes them.

let loading = null; // resolves to whether there are more now
const loadEarlier = (link) => (loading ??= load(link).finally(() => (loading = null)));

async function load(link) {
  try {
    const answer = await fetch(link.href, { headers: { "Find-Friend-Part": "messages" } });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const had = link === document.activeElement;
    log.ariaLive = "off"; // nobody wants to hear all of them
    keepingPlace(() => {
      for (const line of page.querySelectorAll(".ff-line")) {
        register(line);
        changes.get(Number(line.dataset.seq))?.(line);
      }
      list.prepend(...$(".ff-lines", page).children);
      $(".ff-earlier").replaceWith(...page.querySelectorAll(".ff-earlier"));
      divide();
    }, false);
    if (had) ($(".ff-earlier a") ?? log).focus({ preventScroll: true });
    setTimeout(() => (log.ariaLive = null), 1000);
    watchTop();
    return true;
  } catch {
    return false; // it can be pressed again
  }
}

const top = new IntersectionObserver(
  (seen) => seen.forEach(({ isIntersecting, target }) => isIntersecting && loadEarlier(target.firstElementChild)),
  { root: log, rootMargin: "300px" },
);

function watchTop() {
  top.disconnect();
  if ($(".ff-earlier")) top.observe($(".ff-earlier"));
}

function live(ChatClient) {
  const form = $(".ff-composer");
  const input = $("textarea", form);
  const newest = $("#ff-newest");
  const problem = $("#ff-problem");
  const title = document.title;
  let readUpTo = Number(room.dataset.read);
  let last = Number(room.dataset.after);
  const badge = document.querySelector(".ff-nav [aria-current] .ff-count")?.firstChild; // how many chats have news
  let hasNews = badge && room.dataset.unread !== "0";
  let isTyping, isOnline;
  let failures = 0;
  let patience;
  let editing = null; // the number of a message
  let draft = "";
  let isOver = false;

  // What was typed is kept until it is sent; pages.js removes what is of others.

  function storage(area, method, name, value) {
    try {
      return window[area][method](`find-friend:${me}:${key}:${name}`, value);
    } catch {
      return null; // there is none, or no room in it
    }
  }

  const kept = (area, name) => storage(area, "getItem", name);
  const keep = (area, name, value) => storage(area, value ? "setItem" : "removeItem", name, value);
  const keepUnsent = (messages) => keep("sessionStorage", "unsent", messages.length && JSON.stringify(messages));
  const pending = JSON.parse(kept("sessionStorage", "unsent") ?? "[]");
  const after = { after: last, afterEvent: Number(room.dataset.afterEvent) };
  const chat = new ChatClient(socket, { ...after, pending });

  function say(text = "") {
    problem.textContent = text;
    problem.classList.toggle("ff-hidden", !text);
  }

  const complain = ({ code }) => code !== "closed" && say(words[code] ?? words.failed);

  // messages

  function showRead() {
    for (const line of list.querySelectorAll(".ff-own:not(.ff-pending, .ff-failed)")) {
      if (Number(line.dataset.seq) <= readUpTo) mark(line, "read");
    }
  }

  /** What has been on the screen is read, once one has gone to where the news begins. */
  function look() {
    if (isAtEnd()) newest.hidden = true;
    const { top: above, bottom: below } = box(log);
    const divider = $(".ff-first-unread");
    if (divider && box(divider).bottom > above) removeAll(".ff-jump");
    if (document.hidden || $(".ff-jump")) return;
    const isSeen = (line) => line.dataset.seq > 0 && box(line).top + 24 < below;
    const seen = Number([...list.children].findLast(isSeen)?.dataset.seq ?? 0);
    chat.markRead(seen);
    if (seen < last) return;
    if (hasNews) badge.textContent > 1 ? (badge.textContent -= 1) : badge.parentElement.remove();
    hasNews = false;
    document.title = title;
  }

  chat.on("send", ({ clientId, text, status, seq, error }) => {
    let line = lines.get(clientId);
    if (status === "sent") {
      if (line && lines.has(seq)) line.remove();
      return;
    }
    keepingPlace(() => {
      if (!line) {
        line = newLine({ sender: me, text });
        lines.set(clientId, line);
        list.append(line);
        divide();
      }
      mark(line, status);
      if (status !== "failed") return;
      line.append($("#ff-failed").content.cloneNode(true));
      $(".ff-reason span", line).textContent = words[error.code] ?? words.failed;
    }, true);
  });

  chat.on("message", (message) => {
    const { seq, sender, client_id: clientId, text, timestamp } = message;
    const line = lines.get(clientId) ?? newLine(message);
    keepingPlace(() => {
      lines.delete(clientId);
      line.dataset.seq = seq;
      register(line);
      for (const link of line.querySelectorAll(".ff-menu a")) link.href = link.href.replace(/\d+(?=\/\w+\/$)/, seq);
      mark(line, "sent");
      $("time", line).dateTime = timestamp;
      const waiting = $(".ff-pending, .ff-failed", list);
      if (!line.isConnected || waiting) list.insertBefore(line, waiting);
      if (message.edited_at) edited(line, text);
      if (message.deleted_at) deleted(line);
      divide();
    });
    last = seq;
    if (String(sender) === me) {
      removeAll(".ff-first-unread, .ff-jump");
    } else {
      readUpTo = Math.max(readUpTo, seq - 1); // who writes has read what came before
      if (document.hidden) document.title = `● ${title}`;
      newest.hidden = isAtEnd();
    }
    look();
    showRead();
  });

  function change(seq, action) {
    changes.set(seq, action);
    if (lines.has(seq)) keepingPlace(() => action(lines.get(seq)));
  }

  chat.on("edited", ({ seq, text }) => change(seq, (line) => edited(line, text)));
  chat.on("deleted", ({ seq }) => change(seq, deleted));
  chat.on("reset", () => location.reload());
  chat.on("read", ({ user, seq }) => {
    if (String(user) !== me) readUpTo = Math.max(readUpTo, seq);
    showRead();
  });

  log.addEventListener("scroll", look, { passive: true });
  document.addEventListener("visibilitychange", look);
  newest.addEventListener("click", () => {
    log.scrollTop = 0;
    input.focus();
    look();
  });

  $(".ff-jump")?.addEventListener("click", async (event) => {
    event.preventDefault();
    let link;
    while (!$(".ff-first-unread") && (link = $(".ff-earlier a")) && (await loadEarlier(link)));
    toNews();
  });

  function toNews() {
    $(".ff-first-unread")?.scrollIntoView({ block: "center" });
    newest.hidden = isAtEnd();
    look();
  }

  // presence and connection

  function showPresence(news) {
    ({ isTyping, isOnline } = { isTyping, isOnline, ...news });
    $("#ff-presence").textContent = isTyping ? words.typing : isOnline ? words.online : "";
  }

  chat.on("typing", ({ user, typing }) => String(user) !== me && showPresence({ isTyping: typing }));
  chat.on("presence", ({ user, online }) => String(user) !== me && showPresence({ isOnline: online }));
  chat.on("hello", () => {
    failures = 0;
    showPresence({ isTyping: false, isOnline: false });
    look();
  });

  chat.on("status", ({ status }) => {
    const state = $("#ff-state");
    state.dataset.status = status;
    clearTimeout(patience);
    if (status === "open" || status === "closed") state.textContent = "";
    // most are over before anybody has to know
    else patience = setTimeout(() => (state.textContent = words.connecting), 1500);
    if (status === "waiting" && chat.user === null && ++failures >= CHANCES) goOn();
  });

  /** There has been no connection at all: from now on the form sends by itself. */
  function goOn() {
    isOver = true;
    const unsent = chat.unsent;
    chat.close();
    if (!input.value && unsent.length) setText(unsent.shift().text);
    keepUnsent(unsent);
    removeAll(".ff-pending");
    $(".ff-offline").hidden = false;
  }

  chat.on("closed", ({ code }) => {
    if (isOver) return;
    isOver = true;
    showPresence({ isTyping: false, isOnline: false });
    if (code === 4401) keep("sessionStorage", "draft", input.value); // for after signing in, in this tab
    if (code === 4401 || code === 4403) {
      keep("localStorage", "draft", "");
      if (form.contains(document.activeElement)) log.focus({ preventScroll: true });
      form.hidden = newest.hidden = true;
      removeAll(".ff-menu");
    }
    $({ 4401: ".ff-signed-out", 4403: ".ff-closed" }[code] ?? ".ff-offline").hidden = false;
  });

  addEventListener("pagehide", () => isOver || keepUnsent(chat.unsent));

  // writing

  function setText(text) {
    input.value = text;
    grow();
  }

  function grow() {
    if (CSS.supports("field-sizing", "content")) return;
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight + 2}px`;
  }

  const actions = {
    edit(line) {
      if (editing === null) draft = input.value;
      editing = Number(line.dataset.seq);
      $(".ff-editing").hidden = false;
      setText($(".ff-words", line).textContent);
      input.focus();
    },
    cancel() {
      if (editing === null) return;
      editing = null;
      $(".ff-editing").hidden = true;
      setText(draft);
    },
    delete(line) {
      const dialog = $("#ff-delete");
      dialog.returnValue = "";
      dialog.onclose = () => dialog.returnValue && chat.delete(Number(line.dataset.seq)).catch(complain);
      dialog.showModal();
    },
    retry(line) {
      line.remove();
      chat.send($(".ff-words", line).textContent);
    },
    discard: (line) => line.remove(),
  };

  room.addEventListener("click", (event) => {
    const wanted = event.target.closest("[data-do]");
    if (!wanted || isOver) return;
    event.preventDefault();
    const menu = wanted.closest(".ff-menu");
    if (menu) menu.open = false;
    say();
    actions[wanted.dataset.do](wanted.closest(".ff-line"));
  });

  form.addEventListener("submit", (event) => {
    const text = input.value;
    if (isOver) return keep("localStorage", "draft", "");
    event.preventDefault();
    removeAll(".ff-wrong-text");
    say();
    if (!text.trim()) return;
    const { length } = [...text];
    if (length > limit) return say(words.too_long.replace("%(length)s", length).replace("%(limit)s", limit));
    if (editing !== null) {
      chat.edit(editing, text).catch(complain);
      actions.cancel();
    } else {
      keep("localStorage", "draft", "");
      setText("");
      chat.send(text);
    }
    input.focus();
  });

  input.addEventListener("input", () => {
    grow();
    say();
    if (editing !== null) return;
    keep("localStorage", "draft", input.value);
    if (input.value) chat.typing();
  });

  // On a touch screen Enter makes a new line.
  const hasKeys = matchMedia("(pointer: fine)").matches;
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") actions.cancel();
    const sends = event.key === "Enter" && !event.isComposing && !event.shiftKey;
    if (!sends || !(hasKeys || event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });

  const picker = $(".ff-emoji", form);
  picker?.addEventListener("click", ({ target }) => {
    if (!target.matches("button")) return;
    input.setRangeText(target.textContent, input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new Event("input"));
  });
  picker?.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -8, ArrowDown: 8 }[event.key];
    if (!step || !picker.open) return;
    event.preventDefault();
    const all = [...picker.querySelectorAll("button")];
    (all[all.indexOf(event.target) + step] ?? all[0]).focus();
  });
  if (picker) picker.hidden = false;

  input.required = false; // an empty message is just not sent
  if (!input.value) setText(kept("localStorage", "draft") ?? kept("sessionStorage", "draft") ?? "");
  keep("sessionStorage", "draft", "");
  if (hasKeys) input.focus({ preventScroll: true });
  toNews();
  chat.connect();
}

room.addEventListener("click", (event) => {
  const link = event.target.closest(".ff-earlier a");
  if (!link || !isLive) return;
  event.preventDefault();
  loadEarlier(link);
});
const placeMenu = ({ target: menu }) =>
  menu.classList.toggle("ff-down", box(menu).top - box(menu.lastElementChild).height < box(log).top);
log.addEventListener("toggle", placeMenu, true);
addEventListener("click", ({ target }) => {
  for (const menu of room.querySelectorAll(".ff-menu[open]")) if (!menu.contains(target)) menu.open = false;
});
addEventListener("keydown", ({ key: pressed }) => {
  const menu = pressed === "Escape" && $(".ff-menu[open]");
  if (!menu) return;
  menu.open = false;
  $("summary", menu).focus();
});

divide();
if (isLive) {
  watchTop();
  live((await import(client)).ChatClient);
}
