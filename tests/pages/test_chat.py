"""Chat in a real browser: live, without scripts, on a small screen, and with hostile texts."""

import json
import re

import httpx
import pytest

from .axe import audit
from .windows import until

pytestmark = pytest.mark.server


def write(window, text):
    window.fill("textarea", text)
    window.click(".ff-send")


def lines(window):
    """What stands in the room and is stored, top to bottom."""
    return window.locator(".ff-line:not(.ff-pending, .ff-failed) .ff-words").all_inner_texts()


def sees(window, text, more=""):
    window.locator(f".ff-line:not(.ff-pending, .ff-failed){more} .ff-words").get_by_text(text, exact=True).wait_for()


def menu(window, text, action):
    line = window.locator(".ff-line", has=window.get_by_text(text, exact=True))
    line.hover()
    line.locator("summary").click()
    line.get_by_role("link", name=action).click()


@pytest.fixture
def serving(site):
    with site.serving():
        yield site
    assert "Traceback" not in site.log.read_text()


def test_two_people_chat(serving, windows, room):
    ann, bob = windows("Ann"), windows("Bob")
    ann.goto(room.path)
    bob.goto(room.path)
    ann.locator("#ff-presence", has_text="online").wait_for()
    write(ann, "Hello, Bob!")
    sees(bob, "Hello, Bob!")
    ann.locator(".ff-mark[aria-label=read]").wait_for()
    bob.locator("textarea").press_sequentially("Hello")
    ann.get_by_text("writing …").wait_for()
    bob.keyboard.press("Shift+Enter")
    bob.keyboard.type("Ann!")
    bob.keyboard.press("Enter")
    for window in (ann, bob):
        sees(window, "Hello\nAnn!")
    assert bob.locator("textarea").input_value() == ""

    menu(ann, "Hello, Bob!", "Edit")
    assert ann.locator("textarea").input_value() == "Hello, Bob!"
    write(ann, "Good evening, Bob!")
    for window in (ann, bob):
        sees(window, "Good evening, Bob!")
    assert bob.locator(".ff-edited:visible").count() == 1
    menu(bob, "Hello\nAnn!", "Delete")
    bob.get_by_role("dialog").get_by_role("button", name="Delete").click()
    for window in (ann, bob):
        sees(window, "Message deleted", ".ff-gone")
        assert lines(window) == ["Good evening, Bob!", "Message deleted"]
        window.reload()
        assert lines(window) == ["Good evening, Bob!", "Message deleted"]


def test_who_was_away_sees_the_same(site, windows, room):
    with site.serving():
        ann, bob = windows("Ann"), windows("Bob")
        ann.goto(room.path)
        bob.goto(room.path)
        ann.locator("#ff-presence", has_text="online").wait_for()
    ann.locator("#ff-state", has_text="Connecting").wait_for()
    write(ann, "Are you there?")
    ann.locator(".ff-pending").wait_for()
    with site.serving():
        for window in (ann, bob):
            sees(window, "Are you there?")
        bob.context.set_offline(True)
        write(ann, "Nobody hears this yet")
        sees(ann, "Nobody hears this yet")
        bob.context.set_offline(False)
        sees(bob, "Nobody hears this yet")
        write(bob, "Now I do")
        sees(ann, "Now I do")
        assert lines(ann) == lines(bob) == ["Are you there?", "Nobody hears this yet", "Now I do"]
        assert ann.locator(".ff-day").count() == 1


KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('find-friend:')).length"


def test_what_was_not_sent_is_kept(site, windows, room):
    with site.serving():
        ann = windows("Ann")
        ann.goto(room.path)
        ann.locator("#ff-state[data-status=open]").wait_for(state="attached")
        ann.fill("textarea", "A draft")
        ann.reload()
        assert ann.locator("textarea").input_value() == "A draft"
        assert ann.evaluate(KEPT) == 1
    write(ann, "Under way")
    with site.serving():
        ann.reload()
        sees(ann, "Under way")
        assert lines(ann) == ["Under way"]
        ann.fill("textarea", "Secret")
        assert ann.evaluate(KEPT) == 1
        ann.goto("/account/", wait_until="networkidle")
        assert ann.evaluate(KEPT) == 1
        ann.get_by_role("button", name="Sign out").click()
        ann.get_by_role("link", name="Sign in").first.wait_for()
        until(ann, f"{KEPT} === 0")
        ann.evaluate(f"localStorage.setItem('find-friend:{site.seed['keys']['Ann']}:1:draft', 'Secret')")
        session = {"name": "sessionid", "value": site.seed["sessions"]["Bob"], "url": site.address}
        ann.context.add_cookies([session])
        ann.goto("/chats/", wait_until="commit")
        until(ann, f"{KEPT} === 0")


def test_an_ended_friendship_closes_the_room(serving, windows, room):
    ann, bob = windows("Ann"), windows("Bob")
    ann.goto(room.path)
    bob.goto(room.path)
    write(ann, "Hello, Bob!")
    sees(bob, "Hello, Bob!")
    api = f"{serving.address}/api/v1/friends/{serving.seed['keys']['Ann']}/"
    answer = httpx.delete(api, headers={"Authorization": f"Token {serving.seed['tokens']['Bob']}"})
    assert answer.status_code == 204
    for window in (ann, bob):
        window.get_by_text("This chat has ended.").wait_for()
        assert not window.locator("textarea").is_visible()
        assert lines(window) == ["Hello, Bob!"]
        window.reload()
        assert window.get_by_text("This chat has ended.").is_visible()
        assert window.locator("textarea").count() == 0


def test_without_scripts(serving, windows, room):
    ann = windows("Ann", java_script_enabled=False)
    ann.goto("/chats/")
    ann.click("text=Bob Baker")
    assert ann.url.endswith(room.path)
    write(ann, "Hello, Bob!")
    write(ann, "Helo again!")
    assert lines(ann) == ["Hello, Bob!", "Helo again!"]
    assert ann.locator(".ff-line").last.is_visible()
    menu(ann, "Helo again!", "Edit")
    ann.fill("textarea", "Hello again!")
    ann.click("button:has-text('Save')")
    menu(ann, "Hello, Bob!", "Delete")
    ann.click("button:has-text('Delete')")
    assert lines(ann) == ["Message deleted", "Hello again!"]
    write(ann, "   ")
    assert ann.locator(".ff-wrong-text").inner_text() == "This field may not be blank."

    bob = windows("Bob", java_script_enabled=False)
    bob.goto(room.path)
    assert bob.locator(".ff-nav .ff-count").inner_text().startswith("1")
    bob.click(".ff-room-header button")  # text= does not look into noscript
    assert bob.locator(".ff-nav .ff-count").count() == 0
    bob.click(".ff-room-header noscript a")
    assert lines(bob) == ["Message deleted", "Hello again!"]


def test_the_list_follows(serving, windows, room):
    ann, bob = windows("Ann"), windows("Bob")
    bob.goto("/chats/")
    ann.goto(room.path)
    write(ann, "Hello, Bob!")
    row = bob.locator(".ff-chat.ff-unread", has_text="Hello, Bob!")
    row.wait_for()
    assert row.locator(".ff-count").inner_text().startswith("1")
    assert bob.locator(".ff-nav .ff-count").inner_text().startswith("1")
    assert bob.get_by_role("status").inner_text() == "New messages: Ann Archer"
    row.click()
    sees(bob, "Hello, Bob!")
    bob.locator(".ff-nav .ff-count").wait_for(state="detached")
    bob.go_back()
    bob.locator(".ff-chat:not(.ff-unread)", has_text="Hello, Bob!").wait_for()


def test_a_long_history_is_loaded_upwards(serving, windows, room):
    ann = windows("Ann")
    ann.goto(room.long)
    last = ann.locator(".ff-words").last
    assert last.inner_text() == "No. 1000"
    assert is_in_view(ann, last)
    first = ann.locator(".ff-line").first
    known = 0
    while ann.locator(".ff-earlier").count():
        known = ann.locator(".ff-line").count()
        ann.locator(".ff-earlier a").scroll_into_view_if_needed()
        until(
            ann,
            "(known) => !document.querySelector('.ff-earlier') || document.querySelectorAll('.ff-line').length > known",
            known,
        )
    assert lines(ann) == [f"No. {seq}" for seq in range(1, 1001)]
    assert first.inner_text().startswith("You:") or first.inner_text().startswith("Eve")
    assert ann.locator(".ff-day").count() <= 2


def is_in_view(window, locator):
    return locator.evaluate(
        """(element) => {
            const around = element.closest(".ff-log") ?? document.documentElement;
            const [inner, outer] = [element, around].map((node) => node.getBoundingClientRect());
            return inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
        }"""
    )


def test_who_reads_above_stays_there(serving, windows, room):
    ann, eve = windows("Ann"), windows("Eve")
    ann.goto(room.long)
    eve.goto(room.long)
    ann.locator("#ff-presence", has_text="online").wait_for()
    ann.locator(".ff-log").evaluate("(log) => { log.scrollTop = -600; }")
    place = "document.querySelector('[data-seq=\"985\"]').getBoundingClientRect().top"
    before = ann.evaluate(place)
    write(eve, "Look here")
    ann.get_by_role("button", name="New messages").wait_for()
    assert abs(ann.evaluate(place) - before) < 1
    assert not is_in_view(ann, ann.locator(".ff-words").last)
    ann.get_by_role("button", name="New messages").click()
    assert is_in_view(ann, ann.locator(".ff-words").last)
    assert not ann.get_by_role("button", name="New messages").is_visible()
    eve.locator(".ff-own").last.locator(".ff-mark[aria-label=read]").wait_for()
    write(eve, "And here")
    sees(ann, "And here")
    assert is_in_view(ann, ann.locator(".ff-words").last)


@pytest.mark.parametrize("known", [931, 971], ids=["on an earlier page", "on this page"])
def test_only_what_was_on_the_screen_is_read(serving, windows, room, known):
    api = f"{serving.address}/api/v1/chats/{serving.seed['long']}/read/"
    token = {"Authorization": f"Token {serving.seed['tokens']['Eve']}"}
    answer = httpx.post(api, json={"seq": known}, headers=token, timeout=60)
    assert answer.status_code == 200
    eve, read = windows("Eve"), []
    eve.on("websocket", lambda socket: socket.on("framesent", lambda frame: read.append(json.loads(frame))))

    def wait_for_mark(least=0):
        """The first of all that have been sent, or the first from ``least`` on."""
        while not (marks := [frame["seq"] for frame in read if frame["type"] == "read" and frame["seq"] >= least]):
            eve.wait_for_timeout(20)
        return marks[0]

    eve.goto(room.long)
    if known == 931:
        assert eve.locator(".ff-first-unread").count() == 0
        eve.locator("#ff-state[data-status=open]").wait_for(state="attached")
        eve.get_by_role("link", name="69 new").click()
    divider = eve.locator(".ff-first-unread")
    divider.wait_for()
    assert known < wait_for_mark() < 1000
    assert is_in_view(eve, divider)
    assert divider.evaluate("(one) => one.nextElementSibling.dataset.seq") == str(known + 1)
    assert eve.locator(".ff-jump").count() == 0
    eve.get_by_role("button", name="New messages").click()
    assert wait_for_mark(least=1000) == 1000
    write(eve, "Here I am")
    divider.wait_for(state="detached")


def test_a_menu_is_on_the_screen(serving, windows, room):
    ann = windows("Ann", viewport={"width": 360, "height": 640})
    ann.goto(room.path)
    for text in ("First", "long\n" * 40 + "end", "Last"):
        write(ann, text)
        sees(ann, text)
    for number in range(3):
        button = ann.locator(".ff-line summary").nth(number)
        button.click()
        card, place = ann.locator(".ff-menu[open] > .ff-card"), button.bounding_box()
        box = card.bounding_box()
        assert is_in_view(ann, card)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert box["y"] + box["height"] <= place["y"] + 1 or box["y"] >= place["y"] + place["height"] - 1
        ann.keyboard.press("Escape")


BIG = ["👍🏽", "👨‍👩‍👧‍👦🏳️‍🌈", "🇵🇹 🏴󠁧󠁢󠁥󠁮󠁧󠁿 3️⃣", "❤️"]
NOT_BIG = ["👍 well", "🙂🙂🙂🙂", "333", "😀" * 1000]


def test_emoji(serving, windows, room):
    ann, bob = windows("Ann"), windows("Bob")
    ann.goto(room.path)
    bob.goto(room.path)
    for text in (*BIG, *NOT_BIG):
        write(ann, text)
        sees(bob, text)
    for _ in range(2):  # as the script shows them, and as the server does
        for window in (ann, bob):
            assert lines(window) == [*BIG, *NOT_BIG]
            assert window.locator(".ff-big").all_inner_texts() == BIG
            window.reload()
    menu(ann, BIG[0], "Edit")
    write(ann, "👍🏽 indeed")
    sees(bob, "👍🏽 indeed", ":not(:has(.ff-big))")
    write(ann, "😀" * 1001)
    ann.get_by_text("it has 1001 characters, and 1000 are allowed").wait_for()
    assert ann.locator("textarea").input_value() == "😀" * 1001


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_emoji_are_chosen(serving, windows, room, axe_script, scheme):
    ann = windows("Ann", viewport={"width": 320, "height": 640}, color_scheme=scheme)
    ann.goto(room.path)
    ann.locator("#ff-state[data-status=open]").wait_for(state="attached")
    ann.keyboard.type("Tea  or coffee?")
    for _ in " or coffee?":
        ann.keyboard.press("ArrowLeft")
    ann.keyboard.press("Shift+Tab")
    ann.keyboard.press("Enter")
    card = ann.locator(".ff-emoji .ff-card")
    assert is_in_view(ann, card)
    assert has_no_overflow(ann)
    assert all(
        min(box["width"], box["height"]) >= 24
        for box in card.locator("button").evaluate_all(
            "(all) => all.map((one) => one.getBoundingClientRect().toJSON())"
        )
    )
    assert audit(ann, axe_script) == []
    ann.keyboard.press("Tab")
    assert ann.evaluate("document.activeElement.textContent") == "😀"
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"):
        ann.keyboard.press(key)
    ann.keyboard.press("Enter")
    assert ann.locator("textarea").input_value() == "Tea 👍 or coffee?"
    ann.keyboard.press("Escape")
    card.wait_for(state="hidden")
    assert ann.evaluate("document.activeElement.matches('.ff-emoji summary')")
    ann.reload()
    assert ann.locator("textarea").input_value() == "Tea 👍 or coffee?"
    ann.locator(".ff-emoji summary").click()
    ann.get_by_role("button", name="☕").click()
    ann.locator("textarea").click()
    card.wait_for(state="hidden")
    ann.keyboard.press("Enter")
    sees(ann, "Tea 👍 or coffee?☕")


HOSTILE = [
    "<script>alert('text')</script><img src=x onerror=alert(1)>",
    "javascript:alert(1) and data:text/html,<b>x</b>",
    'https://example.com/"onmouseover="alert(1)',
    "\u202egnp.exe\u202c then \u2066\u05e9\u05dc\u05d5\u05dd\u2069",
    "{{ text }} {% csrf_token %} &lt;b&gt; &amp;",
    "See http://example.com/a_(b), or (HTTPS://example.com/c).",
    "x" * 900,
]
LINKS = ["https://example.com/", "http://example.com/a_(b)", "https://example.com/c"]


def test_hostile_texts_stay_texts(serving, windows, room):
    ann, bob = windows("Ann"), windows("Bob", viewport={"width": 360, "height": 640})
    ann.goto(room.path)
    bob.goto(room.path)
    for text in HOSTILE:
        write(ann, text)
        sees(bob, text)
    for _ in range(2):  # as the script shows them, and as the server does
        for window in (ann, bob):
            texts = window.locator(".ff-words").evaluate_all("(words) => words.map((word) => word.textContent)")
            assert texts == HOSTILE
            assert window.locator(".ff-words :not(a)").count() == 0
            hrefs = window.locator(".ff-words a").evaluate_all("(links) => links.map((link) => link.href)")
            assert hrefs == LINKS
            assert window.locator(".ff-words a[rel='noopener noreferrer nofollow ugc']").count() == len(LINKS)
            assert has_no_overflow(window)
            window.reload()


def has_no_overflow(window):
    return window.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}], ids=["live", "without scripts"])
def test_a_small_screen(serving, windows, room, options):
    ann = windows("Ann", viewport={"width": 360, "height": 640}, has_touch=True, **options)
    for path in ("/chats/", "/chats/privacy/", room.long, room.path):
        ann.goto(path)
        if not options:
            assert has_no_overflow(ann)
        box = ann.locator("main").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
    box = ann.locator(".ff-send").bounding_box()
    assert box["y"] + box["height"] <= 640
    assert min(box["width"], box["height"]) >= 44
    write(ann, "Hello, Bob!")
    sees(ann, "Hello, Bob!")


def test_the_keyboard_is_enough(serving, windows, room):
    ann = windows("Ann")
    ann.goto(room.path)
    ann.locator("#ff-state[data-status=open]").wait_for(state="attached")
    ann.focus("textarea")
    ann.keyboard.type("Helo!")
    ann.keyboard.press("Enter")
    sees(ann, "Helo!")
    ann.locator(".ff-line summary").focus()
    ann.keyboard.press("Enter")
    ann.keyboard.press("Tab")
    ann.keyboard.press("Enter")
    assert ann.evaluate("document.activeElement.tagName") == "TEXTAREA"
    ann.keyboard.press("Escape")
    assert ann.locator("textarea").input_value() == ""
    ann.locator(".ff-line summary").focus()
    ann.keyboard.press("Enter")
    ann.keyboard.press("Escape")
    assert ann.locator(".ff-menu[open]").count() == 0
    assert ann.get_by_role("log").get_attribute("tabindex") == "0"


def test_without_any_connection_the_form_sends(serving, windows, room):
    ann = windows("Ann")
    ann.route_web_socket(re.compile("/ws/"), lambda socket: socket.close())
    ann.goto(room.path)
    write(ann, "Hello, Bob!")
    ann.get_by_text("There is no live connection.").wait_for()
    assert ann.locator("textarea").input_value() == "Hello, Bob!"
    ann.click(".ff-send")
    ann.wait_for_load_state()
    sees(ann, "Hello, Bob!")
    assert lines(ann) == ["Hello, Bob!"]
