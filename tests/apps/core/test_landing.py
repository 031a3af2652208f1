"""The start page, for guests and for others."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from find_friend.pages.links import Link
from find_friend.pages.parts import PageParts

pytestmark = pytest.mark.django_db


class Paper(PageParts):
    def guest_links(self, request):
        return [Link("Come in", "/door/", style="primary")]

    def news(self, request):
        return [Link(f"<Paper> for {request.user.first_name}", "/paper/?a=1&b=2")]


@pytest.fixture
def site_parts(monkeypatch):
    from django.apps import apps

    for config in apps.get_app_configs():
        monkeypatch.setattr(config, "page_parts", None, raising=False)
    monkeypatch.setattr(apps.get_app_config("find_friend"), "page_parts", f"{__name__}.Paper")


def visit(user=None):
    client = Client()
    if user is not None:
        client.force_login(user)
    answer = client.get(reverse("find_friend_pages:home"))
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_guests_are_told_what_this_is_and_how_to_come_in(site_parts):
    page = visit()
    assert "Find people who share your interests" in page
    assert '<a class="ff-button ff-primary" href="/door/">Come in</a>' in page
    assert "What is new" not in page


def test_others_are_told_what_is_new(site_parts, ann):
    page = visit(ann)
    assert "Hello, Ann!" in page
    assert '<a class="ff-card" href="/paper/?a=1&amp;b=2">&lt;Paper&gt; for Ann</a>' in page
    assert "Come in" not in page


def test_where_nothing_is_new_the_page_says_what_to_do(ann):
    assert "Nothing new at the moment" in visit(ann)


def test_somebody_without_a_name_is_greeted_too(user_factory):
    assert "<h1>Hello!</h1>" in visit(user_factory(first_name=""))


def test_only_what_is_installed_is_praised(settings):
    page = visit()
    for name, word in (("accounts", "Find"), ("friends", "Get to know"), ("chat", "Talk")):
        assert (f"<h2>{word}</h2>" in page) == (f"find_friend.{name}" in settings.INSTALLED_APPS)


def test_the_name_of_the_site_leads_to_the_start():
    assert f'<a class="ff-brand" href="{reverse("find_friend_pages:home")}">' in visit()
