// What makes every page a little nicer. All of it works without this file.

// The server shows times in the zone of this cookie from the next page on; those of this page are corrected here.
const cookie = "find_friend_time_zone";
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.split("; ").includes(`${cookie}=${zone}`)) {
  document.cookie = `${cookie}=${zone}; path=/; max-age=31536000; samesite=lax`;
  const format = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { dateStyle: "long", timeStyle: "short" });
  for (const time of document.querySelectorAll("time[data-ff-time]")) {
    time.textContent = format.format(new Date(time.dateTime));
  }
}

// Navigation that is wider than the screen begins where one is.
function middle(element) {
  const { left, right } = element.getBoundingClientRect();
  return (left + right) / 2;
}
for (const link of document.querySelectorAll(".ff-page nav [aria-current]")) {
  const nav = link.closest("nav");
  nav.scrollLeft += middle(link) - middle(nav);
}

// A second click on the button of a form sends nothing; the way back in the history makes it usable again.
const sent = new WeakSet();
addEventListener("submit", (event) => {
  if (!event.target.matches("[data-ff-once]")) return;
  if (sent.has(event.target)) event.preventDefault();
  sent.add(event.target);
  event.submitter?.setAttribute("aria-disabled", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-ff-once]")) {
    sent.delete(form);
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});

// What scripts keep of a person goes once somebody else is signed in, and what outlives the tab once nobody is.
const user = document.querySelector("[data-ff-user]")?.dataset.ffUser;
const isOthers = (key) => key.startsWith("find-friend:") && !key.startsWith(`find-friend:${user}:`);
for (const area of user ? ["localStorage", "sessionStorage"] : ["localStorage"]) {
  try {
    for (const key of Object.keys(window[area]).filter(isOthers)) window[area].removeItem(key);
  } catch {
    // there is no storage
  }
}

// What went wrong is read first.
document.querySelector("[data-ff-focus]")?.focus();
