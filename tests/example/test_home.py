"""The start page of the example project says what to try, and offers its demo people on a developer's machine alone."""

import sys

import pytest

from tests.docs.browser import browser
from tests.example.conftest import EXAMPLE, environment, python
from tests.processes import free_port, running

PRODUCTION = {"DJANGO_SECRET_KEY": "x" * 50, "DJANGO_ALLOWED_HOSTS": "localhost", "DJANGO_HTTPS": "False"}
VISIT = """
import re
from django.test import Client
from find_friend.accounts.models import EmailAddress
from people.demo.world import USER_1, USER_2
from people.models import User

def visitor(name="localhost"):
    return Client(SERVER_NAME=name, enforce_csrf_checks=True)

def page_of(client):
    answer = client.get("/", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return re.sub(r"\\s+", " ", answer.content.decode())

def press(client, number):
    token = re.search(r'name="csrfmiddlewaretoken" value="(\\w+)"', page_of(client))
    return client.post(f"/demo/{number}/", {"csrfmiddlewaretoken": token[1] if token else ""})

def who(client):
    return User.objects.filter(pk=client.session.get("_auth_user_id")).values_list("email", flat=True).first()
"""
DEMO = """
first, second = visitor(), visitor("127.0.0.1")
start = page_of(first)
assert start.index("This site shows") < start.index("Try it in two windows") < start.index("ff-features")
assert 'href="http://127.0.0.1/"' in page_of(first) and 'href="http://localhost/"' in page_of(second)
assert (press(first, 1).status_code, who(first)) == (302, USER_1)
assert (press(second, 2).status_code, who(second)) == (302, USER_2)
assert "Hello, " in page_of(first) and "want to be friends with you" in page_of(first)
assert page_of(first).count("Try it in two windows") == 1
assert (press(first, 2).status_code, who(first)) == (302, USER_2)

outsider = visitor()
assert outsider.post("/demo/1/").status_code == 403  # no token of a page of ours
assert outsider.get("/demo/1/").status_code == 302 and who(outsider) is None
for number in (0, 3, 4, 99999999999999999999999):
    assert press(outsider, number).status_code == 404 and who(outsider) is None
EmailAddress.objects.user_for(USER_1).__class__.objects.filter(email=USER_1).update(is_active=False)
assert press(outsider, 1).status_code == 404
assert 'action="/demo/1/"' not in page_of(visitor()) and 'action="/demo/2/"' in page_of(visitor())
print("fine")
"""
CLOSED = """
closed = visitor()
page = page_of(closed)
assert "/demo/" not in page and "Password" not in page and "Find a friend" in page
assert closed.get("/demo/1/").status_code == press(closed, 2).status_code == 404
unchecked = Client(SERVER_NAME="localhost")
assert unchecked.post("/demo/1/").status_code == 404
assert who(closed) is who(unchecked) is None
print("fine")
"""


def run(script, **values):
    done = python("manage.py", "shell", "-v", "0", "-c", f"{VISIT}\n{script}", **values)
    assert done.stdout.endswith("fine\n"), done.stdout + done.stderr


@pytest.fixture
def database(manage, tmp_path):
    values = {"SQLITE_PATH": str(tmp_path / "db.sqlite3")}
    manage("migrate", "--verbosity", "0", DEBUG="True", **values)
    return values


def test_one_click_makes_one_a_demo_person(manage, database):
    manage("seed", DEBUG="True", **database)
    run(DEMO, DEBUG="True", **database)


def test_nobody_becomes_a_demo_person_outside_development(manage, database, collected):
    manage("seed", "--password", "chosen by hand", **PRODUCTION, **database)
    run(CLOSED, **PRODUCTION, **database, **collected)


def test_nobody_becomes_a_demo_person_without_demo_data(database):
    run(CLOSED, DEBUG="True", **database)


@pytest.mark.server
def test_two_windows_of_one_browser(manage, database, tmp_path):
    manage("seed", DEBUG="True", **database)
    port, log = free_port(), tmp_path / "server.log"
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    with running(command, port, log, cwd=EXAMPLE, env=environment(DEBUG="True", **database)), browser() as chromium:
        first = chromium.new_context(locale="en").new_page()
        first.goto(f"http://127.0.0.1:{port}/")
        with first.expect_popup() as opened:
            first.get_by_role("link", name=f"http://localhost:{port}/").click()
        second = opened.value
        people = ((second, "Тестдва", "Юзердва"), (first, "Тестодин", "Юзеродин"))
        for page, name, surname in people:
            page.get_by_role("button", name=f"{name} {surname}").click()
            page.get_by_role("heading", name=f"Hello, {name}!").wait_for()
        # Whoever signed in last did not take the other window along.
        for page, name, _surname in people:
            page.reload()
            page.get_by_role("heading", name=f"Hello, {name}!").wait_for()
        first.get_by_role("link", name="want to be friends with you").click()
        first.get_by_role("heading", name="Friend requests").wait_for()
        asking = first.get_by_role("article")
        before = asking.count()
        asking.first.get_by_role("button", name="Accept").click()
        first.get_by_text("are friends now").wait_for()
        assert asking.count() == before - 1
    assert "Traceback" not in log.read_text(encoding="utf-8")


@pytest.mark.server
def test_on_a_small_phone_nothing_is_cut_off_and_no_password_broken(manage, database, tmp_path):
    manage("seed", DEBUG="True", **database)
    port, log = free_port(), tmp_path / "server.log"
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    with running(command, port, log, cwd=EXAMPLE, env=environment(DEBUG="True", **database)), browser() as chromium:
        page = chromium.new_context(locale="en", viewport={"width": 320, "height": 640}).new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_text("All sign-ins").click()
        for code in page.locator("td:last-child code").all():
            assert code.evaluate("code => code.getClientRects().length") == 1
        ends = page.locator(".try, .try table").evaluate_all("all => all.map(one => one.getBoundingClientRect().right)")
        assert len(ends) == 3
        assert max(ends) <= 320
