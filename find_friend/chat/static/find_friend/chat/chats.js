// The list of chats follows what happens. There is a socket for each chat and none for all of them, so the page asks
// again while somebody looks at it: often after news, rarely otherwise, and the answer is empty where nothing is new.
const SOONEST = 4_000;
const LATEST = 60_000;
let pause = SOONEST;
let timer = null;
let stamp = document.querySelector("#ff-chats").dataset.stamp;

// Times of today, as the room writes them.
const clock = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { timeStyle: "short" });

function writeTimes(page) {
  for (const time of page.querySelectorAll("#ff-chats time")) {
    const date = new Date(time.dateTime);
    if (date.toDateString() === new Date().toDateString()) time.textContent = clock.format(date);
  }
}

function show(page) {
  writeTimes(page);
  const focused = document.activeElement?.getAttribute("href");
  for (const selector of [".ff-nav", "#ff-chats"]) {
    const before = document.querySelector(selector);
    const after = page.querySelector(selector);
    if (before && after && !before.isEqualNode(after)) before.replaceWith(after);
  }
  if (focused && !document.activeElement?.getAttribute("href")) {
    document.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }
  // Said only when it changes, and only who has written.
  const news = [...document.querySelectorAll("#ff-chats .ff-unread h2")].map((name) => name.textContent.trim());
  const told = document.querySelector("#ff-chats-news");
  const text = news.length ? `${told.dataset.words} ${news.join(", ")}` : "";
  if (told.textContent !== text) told.textContent = text;
}

async function ask() {
  try {
    const answer = await fetch(location.href, { headers: { "Find-Friend-Part": "list", "If-None-Match": stamp }, cache: "no-store" });
    if (answer.redirected) return location.reload(); // signed out
    pause = Math.min(pause * 1.5, LATEST);
    if (answer.ok) {
      pause = SOONEST;
      stamp = answer.headers.get("ETag");
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } else if (answer.status !== 304) {
      pause = LATEST;
    }
  } catch {
    pause = Math.min(pause * 2, LATEST);
  }
  wait();
}

function wait() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(ask, pause);
}

function wake() {
  pause = SOONEST;
  clearTimeout(timer);
  if (!document.hidden) ask();
}

document.addEventListener("visibilitychange", wake);
addEventListener("online", wake);
addEventListener("pageshow", ({ persisted }) => persisted && wake());
writeTimes(document);
ask();
