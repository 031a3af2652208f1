"""The frame of a site's own that the page about pages describes is built as it is printed."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.docs import pages

pytestmark = [pytest.mark.django_db, pytest.mark.needs("accounts")]
MORE = ["find_friend/account.css", "find_friend/accounts/accounts.css"]
STYLES = ["club.css", "find_friend/tokens.css", "find_friend/pages.css", "find_friend/people.css"]


@pytest.fixture
def framed(settings, tmp_path):
    """The site has the templates that the page prints."""
    for block in pages.blocks(pages.section(pages.read("pages.md"), "In a frame of your own"), "html+django"):
        file = tmp_path / block.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path / "templates"]}]


def linked(html, what):
    """Files that the page names, without the folder that static files are served from."""
    return [path.removeprefix("/static/") for path in re.findall(what, html)]


@pytest.mark.parametrize(
    ("name", "title", "styles", "scripts"),
    [
        ("profile", "Profile", MORE, ["find_friend/accounts/choices.js"]),
        ("devices", "Devices", MORE[:1], []),
        ("people", "People", MORE, ["find_friend/accounts/choices.js"]),
    ],
)
def test_pages_stand_in_the_frame_of_the_site(framed, ann, name, title, styles, scripts):
    browser = Client()
    browser.force_login(ann)
    html = browser.get(reverse(f"find_friend_accounts_pages:{name}")).content.decode()
    assert re.findall(r"<title>(.*?)</title>", html) == [title]
    assert linked(html, r'<link rel="stylesheet" href="([^"]*)"') == STYLES + styles
    assert linked(html, r'<script type="module" src="([^"]*)"') == ["find_friend/pages.js", *scripts]
    assert re.findall(r'data-ff-user="([^"]*)"', html) == [str(ann.pk)]
    for once in ("<html", "<body>", 'class="club-header"', 'class="ff-page"', 'class="ff-nav"', "<main", "<h1>"):
        assert html.count(once) == 1, once
    assert html.index('class="club-header"') < html.index('class="ff-page"') < html.index("<h1>")


def test_what_has_been_done_is_told_there(framed, ann):
    browser = Client()
    browser.force_login(ann)
    answer = browser.post(reverse("find_friend_accounts_pages:sign-out"), follow=True)
    html = answer.content.decode()
    assert html.index('class="ff-page"') < html.index("You are signed out.") < html.index("<form")
    assert 'data-ff-user=""' in html


def test_an_error_is_a_page_of_the_site_too(framed, ann):
    browser = Client()
    browser.force_login(ann)
    answer = browser.get(reverse("find_friend_accounts_pages:person", args=["nobody"]))
    assert answer.status_code == 404
    assert 'class="club-header"' in answer.content.decode()
