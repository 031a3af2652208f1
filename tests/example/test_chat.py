"""The chat of the example project: the package's own list and rooms, live between its two demo people."""

import signal
import sys

import httpx
import pytest

from tests.docs.browser import browser
from tests.example.conftest import EXAMPLE, environment, python
from tests.processes import free_port, running, wait_for

PAGES = """
from django.test import Client
from find_friend.accounts.models import EmailAddress
from find_friend.friends.models import Block
from people.demo.world import ADMIN, PASSWORD, USER_1, USER_2

def visit(path, email=None):
    client = Client(SERVER_NAME="localhost", headers={"Accept-Language": "en"})
    if email is not None:
        assert client.login(username=email, password=PASSWORD)
    return client.get(path)

assert visit("/chats/1/").headers["Location"] == "/sign-in/?next=/chats/1/"
one, other = (EmailAddress.objects.user_for(email) for email in (USER_1, USER_2))
start = visit("/", USER_1)
assert 'href="/chats/">To the chats</a>' in start.content.decode()
shown = {path: visit(path, USER_1).content.decode() for path in ("/chats/", "/chats/1/")}
for path, page in shown.items():
    assert other.get_full_name() in page and "/static/find_friend/chat/" in page and "/static/people/" not in page, path
assert 'href="/chats/1/"' in shown["/chats/"] and "<textarea" in shown["/chats/1/"]

assert visit("/chats/1/", ADMIN).status_code == 403
assert visit("/chats/", ADMIN).status_code == 200
Block.objects.block(by=other, user=one)
page = visit("/chats/1/", USER_1)
assert page.status_code == 200 and other.get_full_name() not in page.content.decode()
print("fine")
"""


@pytest.fixture
def site(manage, tmp_path):
    values = {"DEBUG": "True", "SQLITE_PATH": str(tmp_path / "db.sqlite3")}
    manage("migrate", "--verbosity", "0", **values)
    return values


def test_chats_are_those_of_the_package(manage, site):
    manage("seed", **site)
    assert python("manage.py", "shell", "-v", "0", "-c", PAGES, **site).stdout.endswith("fine\n")


@pytest.mark.server
def test_demo_people_talk_in_two_windows(manage, site, tmp_path):
    manage("seed", **site)
    port, log = free_port(), tmp_path / "server.log"
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    people = {"127.0.0.1": "Тестодин Юзеродин", "localhost": "Тестдва Юзердва"}
    with running(command, port, log, cwd=EXAMPLE, env=environment(**site)), browser() as chromium:
        context = chromium.new_context(locale="en")  # one browser: the two names of the machine keep the people apart
        one, other = [context.new_page() for _name in people]
        for page, (host, name) in zip((one, other), people.items(), strict=True):
            page.goto(f"http://{host}:{port}/")
            page.get_by_role("button", name=name).click()
            page.get_by_role("link", name="To the chats").click()
        one.get_by_role("link", name=people["localhost"]).first.click()
        other.get_by_role("link", name=people["127.0.0.1"]).first.click()
        assert one.url.rpartition("/chats/")[2] == other.url.rpartition("/chats/")[2] != ""
        one.locator("#ff-state[data-status=open]").wait_for(state="attached")
        other.locator("#ff-state[data-status=open]").wait_for(state="attached")
        for writer, reader, text in ((one, other, "Chess on Saturday?"), (other, one, "Gladly.")):
            writer.get_by_role("textbox", name="Write a message").fill(text)
            writer.keyboard.press("Enter")
            reader.locator(".ff-words").get_by_text(text, exact=True).wait_for()
    assert "Traceback" not in log.read_text(encoding="utf-8")


SERVERS = {
    "uvicorn": ["--host", "127.0.0.1", "--port", "{port}", "--lifespan", "off"],
    "daphne": ["-b", "127.0.0.1", "-p", "{port}"],
}


@pytest.mark.server
@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="this system has no SIGUSR1")
@pytest.mark.parametrize("server", SERVERS)
def test_a_signal_takes_a_server_out_of_service(site, tmp_path, server):
    pytest.importorskip(server)
    port, log = free_port(), tmp_path / "server.log"
    options = [option.format(port=port) for option in SERVERS[server]]
    command = [sys.executable, "-m", server, *options, "example_project.asgi:application"]
    with running(command, port, log, cwd=EXAMPLE, env=environment(**site)) as process:
        address = f"http://127.0.0.1:{port}"
        checks = {"database": "ok", "migrations": "ok", "channel_layer": "ok", "in_service": "ok"}
        wait_for(lambda: page(f"{address}/readyz") == (200, {"status": "ok", "checks": checks}), log)
        process.send_signal(signal.SIGUSR1)
        checks["in_service"] = "failed"
        wait_for(lambda: page(f"{address}/readyz") == (503, {"status": "unavailable", "checks": checks}), log)
        assert page(f"{address}/healthz") == (200, {"status": "ok"})
        assert process.poll() is None


def page(address):
    answer = httpx.get(address, timeout=10)
    return answer.status_code, answer.json()
