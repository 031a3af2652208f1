"""The tutorial is followed to the letter in an empty folder, and two browsers talk at the end."""

import re
import shlex

import pytest

from tests.docs import browser, pages, servers
from tests.processes import free_port

PAGE = pages.read("tutorial.md")
PASSWORD = "correct horse battery"
SERVER = "python manage.py runserver"
LATE = re.search(r"Ann writes `(.+?)`", PAGE)[1]


def step(number):
    heading = re.search(rf"^## ({number}\. .+)$", PAGE, re.MULTILINE)[1]
    return pages.section(PAGE, heading)


def write(block, folder):
    path = folder / block.file
    path.parent.mkdir(parents=True, exist_ok=True)
    # The settings are what startproject made, with the block at their end.
    before = path.read_text(encoding="utf-8") if path.name == "settings.py" else ""
    path.write_text(f"{before}\n{block.text}", encoding="utf-8")


@pytest.fixture
def site(tmp_path):
    """Steps 1 to 6, block by block in the order of the page, all but the server."""
    env = servers.environment()
    for block in pages.blocks(step(1), "sh"):
        servers.shell(block.text, cwd=tmp_path, env=env)
    folder = tmp_path / "meetup"
    printed = ""
    for block in pages.blocks("".join(map(step, range(2, 7))), "python", "html+django", "sh"):
        if block.language != "sh":
            write(block, folder)
        elif SERVER not in block.text:
            printed += servers.shell(block.text, cwd=folder, env=env)
    assert "no issues" in printed
    return folder


@pytest.fixture
def serving(site):
    """``with serving() as log``: the server as the page starts it, on the same free port each time."""
    port = free_port()
    (command,) = (block.text.strip() for block in pages.blocks(step(6), "sh"))
    assert command == SERVER

    def start():
        return servers.serving(f"{command} --noreload {port}", port, cwd=site, env=servers.environment())

    start.address = f"http://127.0.0.1:{port}"
    return start


CLICKS = r"""
import re
from django.test import Client
from people.models import User
from find_friend.friends.models import Friendship

ann, bob = (User.objects.create_user(f"{name}@example.com", "x", first_name=name) for name in ("Ann", "Bob"))
signed_in = {user: Client(headers={"host": "127.0.0.1"}) for user in (ann, bob)}
for user, client in signed_in.items():
    client.force_login(user)

def press(user, action, other):
    answer = signed_in[user].post(f"/people/{other.pk}/{action}/", follow=True)
    return answer.status_code, *re.findall(r'<p role="status">(.+?)</p>', answer.text)

print(press(bob, "ask", ann), press(bob, "ask", ann))
print(press(ann, "ask", bob), press(ann, "ask", bob))
print(press(ann, "talk", bob), press(ann, "talk", bob))
Friendship.objects.unfriend(by=ann, friend=bob)
print(press(bob, "talk", ann))
"""


def test_who_clicks_twice_is_told_and_gets_no_error(site):
    printed = servers.shell(
        f"python manage.py shell -c {shlex.quote(CLICKS)}", cwd=site, env=servers.environment()
    ).splitlines()
    assert printed[-4:] == [
        "(200,) (200,)",
        "(200,) (200, 'You are friends already.')",
        "(200,) (200,)",
        "(404,)",
    ]


def sign_up(window, address, first, last):
    assert "http://127.0.0.1:8000/sign-up/" in PAGE
    assert f"{first} {last}" in step(7)
    window.goto(f"{address}/sign-up/")
    window.fill("[name=first_name]", first)
    window.fill("[name=last_name]", last)
    window.fill("[name=email]", f"{first}@example.com")
    window.fill("[name=password1]", PASSWORD)
    window.fill("[name=password2]", PASSWORD)
    window.click("text=Go on")
    window.wait_for_selector(f"text=Hello, {first}!")


def press(window, button):
    """A button of the people page, which is loaded anew first."""
    assert f"*{button}*" in step(7)
    window.reload()
    window.click(f"button:has-text('{button}')")


def send(window, text):
    window.fill("#text", text)
    window.click("text=Send")


def sees(window, text):
    """Waits for a line that is stored: not grey any more."""
    window.wait_for_selector(f"#messages li:not(.pending):has-text('{text}')")


def lines(window):
    return window.locator("#messages li").all_inner_texts()


@pytest.fixture
def chromium():
    with browser.browser() as chromium:
        yield chromium


@pytest.mark.server
def test_two_browsers_chat(chromium, serving):
    ann, bob = (chromium.new_context().new_page() for _ in range(2))
    problems = []
    for window in (ann, bob):
        window.on("pageerror", lambda error: problems.append(error))
    with serving() as log:
        sign_up(ann, serving.address, "Ann", "Archer")
        sign_up(bob, serving.address, "Bob", "Baker")
        press(bob, "Ask to be friends")
        bob.wait_for_selector("text=has been asked")
        press(ann, "Accept")
        ann.wait_for_selector("button:has-text('Talk')")
        press(ann, "Talk")
        press(bob, "Talk")
        send(ann, "Hello, Bob!")
        sees(bob, "Hello, Bob!")
        send(bob, "Hello, Ann!")
        for window in (ann, bob):
            sees(window, "Hello, Ann!")
        assert lines(ann) == lines(bob) == ["Hello, Bob!", "Hello, Ann!"]
        assert ann.url == bob.url
    assert "Starting ASGI/Daphne version" in log.read_text()
    assert "Traceback" not in log.read_text()

    send(ann, LATE)
    ann.wait_for_selector(f"#messages li.pending:has-text('{LATE}')")
    with serving() as log:
        for window in (ann, bob):
            sees(window, LATE)
        assert lines(ann) == lines(bob) == ["Hello, Bob!", "Hello, Ann!", LATE]
    assert "Traceback" not in log.read_text()
    assert problems == []
