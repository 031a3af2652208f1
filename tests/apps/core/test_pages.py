"""What the pages of all apps share, on pages made for these tests."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import UserSettingsHolder, global_settings
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.test import Client, override_settings
from django.urls import path
from django.utils import timezone
from rest_framework import permissions, serializers

from find_friend import users
from find_friend.exceptions import Conflict, Unavailable
from find_friend.pages import links, locales, parts, views, waiting
from find_friend.pages.forms import SerializerForm
from find_friend.policies import Policy
from tests.conftest import NUL_IN_COOKIE, text_of

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]
ROOT = Path(__file__).parents[3]
ERRORS = {
    "missing": Http404,
    "forbidden": PermissionDenied,
    "conflict": Conflict,
    "locked": OperationalError("database is locked"),
    "down": OperationalError("no route to host"),
    "bug": ZeroDivisionError,
}


class Hello(views.Page):
    template_name = "find_friend/base.html"
    guest = True
    title = "Hello"


class Members(Hello):
    guest = False
    takes_part = True
    throttle_scopes = {"*": ("search",)}


class NoteSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=10, style={"base_template": "textarea.html"})
    secret = serializers.CharField(required=False, style={"input_type": "password"})
    color = serializers.ChoiceField(["red", "blue"], required=False, allow_blank=True)
    loud = serializers.BooleanField(required=False)
    tags = serializers.ListField(required=False)
    number = serializers.IntegerField(read_only=True)

    def create(self, validated_data):
        error = ERRORS.get(validated_data["text"])
        if error is not None:
            raise error
        if validated_data["text"] == "odd":
            raise serializers.ValidationError({"text": ["Odd."], "tags": {"0": ["Bad tag."]}})
        return validated_data


class NoteForm(SerializerForm):
    serializer_class = NoteSerializer
    left_out = ("loud",)


class Note(views.FormPage):
    template_name = "find_friend/form.html"
    form_class = NoteForm
    guest = True
    success_url = "/hello/"
    success_message = "Noted."
    throttle_scopes = {"POST": ("confirm",)}


class Reply(Note):
    """A form about something that may not be there."""

    def get_context_data(self, **kwargs):
        raise Http404


class Ask(views.ConfirmPage):
    question = "Really?"
    explanation = "It is gone then."
    success_url = "/hello/"

    def perform(self, form):
        self.request.user.delete()


class Button(views.ActionPage):
    guest = True
    success_url = "/hello/"
    success_message = "Pressed."

    def perform(self):
        error = ERRORS.get(self.kwargs["what"])
        if error is not None:
            raise error
        if self.kwargs["what"] == "link":
            self.tell("<Done>.", links.Link("Take it back", "/note/?a=1&b=2"))


class Quiet(Button):
    success_message = ""

    def get(self, request, *args, **kwargs):
        answer = super().get(request, *args, **kwargs)
        answer["Cache-Control"] = "max-age=60"
        return answer


class Everybody(views.ListPage):
    template_name = "tests/people.html"
    throttle_scopes = {"*": ("search",)}

    def get_queryset(self):
        return users.active_users().exclude(pk=self.request.user.pk)

    def get_other(self, row):
        return row.pk


urlpatterns = [
    path("hello/", Hello.as_view()),
    path("members/", Members.as_view()),
    path("note/", Note.as_view()),
    path("reply/", Reply.as_view()),
    path("ask/", Ask.as_view()),
    path("button/<str:what>/", Button.as_view()),
    path("people/", Everybody.as_view()),
    path("quiet/<str:what>/", Quiet.as_view()),
]


@pytest.fixture
def browser():
    return Client()


@pytest.fixture
def signed_in(ann):
    client = Client()
    client.force_login(ann)
    return client


@pytest.fixture
def with_templates(settings, tmp_path):
    """Templates of the site come before those of the package."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "find_friend" / "elements").mkdir(parents=True)
    people = '{% extends "find_friend/base.html" %}{% block content %}{% for row, card in items %}'
    people += "<p>{{ card.first_name }}</p>{% endfor %}"
    people += '{% include "find_friend/elements/pagination.html" %}{% endblock %}'
    (tmp_path / "tests" / "people.html").write_text(people)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    return tmp_path


def test_dark_is_the_same_by_system_and_by_choice():
    """CSS has no way to say it once that every browser knows."""
    tokens = (ROOT / "find_friend/static/find_friend/tokens.css").read_text()
    blocks = re.findall(r':root(?::not\(\[data-theme="light"\]\)|\[data-theme="dark"\]) \{(.*?)\}', tokens, re.DOTALL)
    system, choice = (re.findall(r"--ff-[^;]+", block) for block in blocks)
    assert len(system) > 10
    assert system == choice


def test_every_answer_has_strict_headers(browser):
    for answer in (browser.get("/hello/"), browser.get("/members/"), browser.get("/button/missing/")):
        policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer["Cache-Control"]


def test_files_from_another_host_are_allowed_from_there(browser, settings):
    settings.STATIC_URL = "https://static.example.com/files/"
    settings.MEDIA_URL = "//media.example.com/"
    policy = browser.get("/hello/")["Content-Security-Policy"]
    assert "script-src 'self' https://static.example.com;" in policy
    assert "img-src 'self' blob: https://static.example.com https://media.example.com;" in policy


def test_the_page_carries_no_inline_script_or_style(browser):
    page = browser.get("/note/").content.decode()
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", page) == []


def test_guests_are_sent_to_sign_in_and_back(browser, settings):
    settings.LOGIN_URL = "/door/"
    answer = browser.get("/members/?page=2")
    assert (answer.status_code, answer["Location"]) == (302, "/door/?next=/members/%3Fpage%3D2")


def test_an_inactive_user_is_a_guest(signed_in, ann, settings):
    if not users.has_field("is_active"):
        pytest.skip("this user model has no such column")
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    signed_in.force_login(ann)
    get_user_model()._default_manager.filter(pk=ann.pk).update(is_active=False)
    assert signed_in.get("/members/").status_code == 302


class Closed(Policy):
    def may_take_part(self, user):
        return False


def test_who_may_not_take_part_is_told_why(signed_in, configure):
    configure(POLICY=f"{__name__}.Closed")
    answer = signed_in.get("/members/")
    assert answer.status_code == 403
    assert "Confirm your e-mail address first." in text_of(answer)


class Nobody(permissions.BasePermission):
    message = "Not today."

    def has_permission(self, request, view):
        return request.user.is_anonymous


def test_permissions_of_the_site_count(signed_in, configure):
    assert signed_in.get("/members/").status_code == 200
    configure(PERMISSION_CLASSES=["rest_framework.permissions.IsAuthenticated", f"{__name__}.Nobody"])
    answer = signed_in.get("/members/")
    assert answer.status_code == 403
    assert "Not today." in text_of(answer)


def test_pages_and_the_api_count_together(signed_in, ann, configure):
    from find_friend import throttling

    configure(THROTTLE_RATES={"search": "2/hour"})
    assert throttling.hit("search", f"user {ann.pk}") is None
    assert signed_in.get("/members/").status_code == 200
    answer = signed_in.get("/members/")
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 3600
    assert "That was a little too often. Try again in" in text_of(answer)


class Closing:
    """A throttle of the site's that knows no time to wait for."""

    def allow_request(self, request, view):
        return False

    def wait(self):
        return None


def test_a_throttle_of_the_site_may_know_no_time(browser, configure):
    configure(THROTTLE_CLASSES=[Closing])
    answer = browser.get("/hello/")
    assert answer.status_code == 429
    assert "Try again later." in text_of(answer)
    assert not answer.has_header("Retry-After")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 second"), (42, "42 seconds"), (61, "2 minutes"), (3600, "60 minutes"), (7201, "3 hours")],
)
def test_time_to_wait_in_words(seconds, words):
    assert waiting.waiting_time(seconds) == words


def test_a_form_is_checked_by_the_serializer(browser):
    page = text_of(browser.get("/note/"))
    names = re.findall(r'<(?:input|select|textarea)[^>]* name="(\w+)"', page)
    assert names == ["csrfmiddlewaretoken", "text", "secret", "color"]
    answer = browser.post("/note/", {"text": "far too long for that", "color": "green"})
    assert answer.status_code == 200
    errors = answer.context["form"].errors
    assert sorted(errors) == ["color", "text"]
    assert len(errors["color"]) == 1
    done = browser.post("/note/", {"text": "short"}, follow=True)
    assert done.redirect_chain == [("/hello/", 302)]
    assert "Noted." in text_of(done)
    assert "Noted." not in text_of(browser.get("/hello/"))


def test_errors_of_ours_are_shown_in_the_form(browser):
    answer = browser.post("/note/", {"text": "conflict"})
    assert answer.status_code == 409
    assert "This is not possible now. Load the current state and try again." in text_of(answer)
    assert 'value="conflict"' in text_of(answer)
    answer = browser.post("/note/", {"text": "odd"})
    assert answer.status_code == 400
    assert answer.context["form"].errors == {"text": ["Odd."], "__all__": ["Bad tag."]}


def test_a_form_sent_too_often_keeps_what_was_typed(browser, configure):
    configure(THROTTLE_RATES={"confirm": "1/hour"})
    browser.post("/note/", {"text": "first"})
    answer = browser.post("/note/", {"text": "second", "secret": "hush", "color": "blue"})
    assert answer.status_code == 429
    page = text_of(answer)
    assert "That was a little too often." in page
    assert 'value="second"' in page
    assert "hush" not in page
    assert '<option value="blue" selected>' in page
    assert browser.get("/note/").status_code == 200


def test_a_form_about_nothing_is_not_there_however_often_it_is_sent(browser, configure):
    configure(THROTTLE_RATES={"confirm": "1/hour"})
    assert [browser.post("/reply/", {"text": "far too long"}).status_code for _ in range(3)] == [404, 404, 404]


@pytest.mark.parametrize(("what", "status"), [("missing", 404), ("forbidden", 403), ("down", 503), ("locked", 429)])
def test_errors_are_pages(browser, what, status):
    answer = browser.post(f"/button/{what}/")
    assert answer.status_code == status
    assert f'<p class="ff-status" aria-hidden="true">{status}</p>' in text_of(answer)
    assert "To the start" in text_of(answer)


def test_a_database_that_is_down_is_told_without_it(signed_in, site_parts, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = signed_in.post("/button/down/")
    assert "Come in" not in text_of(answer)
    assert "News" not in text_of(answer)
    assert "/find_friend/pages.css" in text_of(answer)


def test_our_own_faults_stay_visible(browser):
    with pytest.raises(ZeroDivisionError):
        browser.post("/button/bug/")


def test_other_methods_are_refused_with_a_page(browser):
    answer = browser.put("/hello/")
    assert answer.status_code == 405
    assert "<h1>" in text_of(answer)
    assert answer["Allow"] == "GET, HEAD, OPTIONS"
    assert browser.put("/note/")["Allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize("path", ["/hello/", "/members/", "/note/", "/button/x/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_more_parameters_than_the_site_reads(browser, path, method):
    answer = getattr(browser, method)(path + "?" + "x=1&" * 1500)
    assert answer.status_code == 400
    assert "<h1>" in text_of(answer)
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "Content-Language" in answer


@pytest.mark.parametrize("path", ["/note/", "/button/x/"])
def test_more_fields_than_the_site_reads(browser, path):
    body = "x=1&" * 1500
    answer = browser.post(path, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400
    assert "<h1>" in text_of(answer)


def test_a_broken_upload_is_the_clients_mistake(browser):
    answer = browser.generic("POST", "/note/", b"nothing", content_type="multipart/form-data; boundary=")
    assert answer.status_code == 400


def test_a_charset_that_is_none_breaks_nothing():
    """Not punycode: before Python 3.13 that fails where Django makes the request, before any view."""
    client = Client(enforce_csrf_checks=True)
    for charset in ("idna", "utf-7", "nonsense"):
        kind = f"application/x-www-form-urlencoded; charset={charset}"
        assert client.generic("POST", "/note/?q=a", b"text=%ff", content_type=kind).status_code == 403


def test_a_session_with_a_key_that_not_every_database_can_look_for_is_none(browser, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = browser.get("/note/", headers={"Cookie": NUL_IN_COOKIE})
    assert answer.status_code == 200


def test_a_button_acts_and_goes_back(browser):
    answer = browser.post("/button/fine/", {"next": "/note/"}, follow=True)
    assert answer.redirect_chain == [("/note/", 302)]
    assert "Pressed." in text_of(answer)
    assert browser.post("/button/fine/", {"next": "https://elsewhere.example/"})["Location"] == "/hello/"
    failed = browser.post("/button/conflict/", follow=True)
    assert "This is not possible now. Load the current state and try again." in text_of(failed)
    assert browser.get("/button/conflict/")["Location"] == "/hello/"


def test_a_button_may_say_nothing(browser):
    assert "ff-message" not in text_of(browser.post("/quiet/fine/", follow=True))


def test_a_header_of_the_view_stays(browser):
    assert browser.get("/quiet/fine/")["Cache-Control"] == "max-age=60"


def test_what_cannot_be_undone_is_asked_about(signed_in, ann):
    page = text_of(signed_in.get("/ask/?next=/note/"))
    assert "Really?" in page
    assert "It is gone then." in page
    assert 'href="/note/"' in page
    assert get_user_model()._default_manager.filter(pk=ann.pk).exists()
    assert signed_in.post("/ask/")["Location"] == "/hello/"
    assert not get_user_model()._default_manager.filter(pk=ann.pk).exists()


def test_forms_from_elsewhere_are_refused(ann):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann)
    refused = client.post("/ask/")
    assert refused.status_code == 403
    assert "Load the page again." in text_of(refused)
    assert get_user_model()._default_manager.filter(pk=ann.pk).exists()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text_of(client.get("/ask/")))[1]
    assert client.post("/ask/", {"csrfmiddlewaretoken": token}).status_code == 302


def test_the_check_needs_no_middleware(ann, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Csrf" not in name and "Messages" not in name]
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann)
    assert client.post("/ask/").status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text_of(client.get("/ask/")))[1]
    assert client.post("/ask/", {"csrfmiddlewaretoken": token}).status_code == 302


# languages and times


def test_the_language_is_chosen_with_a_link_and_kept(browser):
    page = text_of(browser.get("/hello/?a=1"))
    assert '<html lang="en">' in page
    address = re.search(r'href="(\S+)" lang="ru"', page)[1].replace("&amp;", "&")
    answer = browser.get(address)
    assert (answer.status_code, answer["Location"]) == (302, "/hello/?a=1")
    page = browser.get("/note/")
    assert '<html lang="ru">' in text_of(page)
    assert "Сохранить" in text_of(page)
    assert page["Content-Language"] == "ru"


def test_the_language_needs_no_middleware(browser, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Locale" not in name]
    browser.get("/hello/?language=ru")
    assert '<html lang="ru">' in text_of(browser.get("/hello/"))


def test_a_language_that_is_none_changes_nothing(browser):
    answer = browser.get("/hello/?language=xx")
    assert answer["Location"] == "/hello/"
    assert not answer.cookies


SITE = """
import django
from django.conf import settings
from django.urls import include, path

names = ["contenttypes", "auth", "sessions", "messages"]
settings.configure(
    ALLOWED_HOSTS=["testserver"],
    SECRET_KEY="of a test",
    ROOT_URLCONF="__main__",
    INSTALLED_APPS=[*(f"django.contrib.{name}" for name in names), "rest_framework", "find_friend"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    STATIC_URL="static/",
)
django.setup()
urlpatterns = [path("", include("find_friend.pages.urls"))]
from django.test import Client

browser = Client()
for address in ("/", "/?language=ru", "/?language=de"):
    print(browser.get(address, follow=True).content.decode())
"""


def test_a_site_without_languages_offers_those_of_the_package():
    done = subprocess.run([sys.executable, "-c", SITE], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert re.findall(r'hreflang="([^"]*)"( aria-current)?', done.stdout) == [
        *[("en", " aria-current"), ("ru", "")],
        *[("en", ""), ("ru", " aria-current")],
        *[("en", ""), ("ru", " aria-current")],  # German is none of them, so nothing has changed
    ]


def test_only_languages_of_the_package_where_nothing_is_set(monkeypatch):
    """The same in this process, with the settings that Django begins with."""
    monkeypatch.setattr(locales, "settings", UserSettingsHolder(global_settings))
    assert set(locales.offered()) == {"en", "ru"}


def test_languages_that_django_does_not_know_have_the_sites_name(browser, settings):
    settings.LANGUAGES = [("en", "English"), ("tlh", "Klingon")]
    assert "Klingon" in text_of(browser.get("/hello/"))
    settings.LANGUAGES = [("en", "English")]
    assert "ff-languages" not in text_of(browser.get("/hello/"))


def test_times_are_those_of_the_browser(browser, with_templates):
    moment = timezone.now().replace(year=2026, month=1, day=2, hour=12, minute=0)
    element = '{% extends "find_friend/base.html" %}{% block content %}'
    element += '{% include "find_friend/elements/time.html" with moment=moment %}{% endblock %}'
    (with_templates / "tests" / "time.html").write_text(element)

    def show(zone, **more):
        if zone:
            browser.cookies["find_friend_time_zone"] = zone
        with override_settings(**more):
            return text_of(browser.get("/time/"))

    urlpatterns.append(path("time/", Hello.as_view(template_name="tests/time.html", extra_context={"moment": moment})))
    try:
        assert "Jan. 2, 2026, 3 p.m." in show(None)
        assert "Jan. 2, 2026, 9 p.m." in show("Asia/Tokyo")
        assert "Jan. 2, 2026, 3 p.m." in show("../../etc/passwd")
        assert "Jan. 2, 2026, 9 p.m." not in show("Asia/Tokyo", USE_TZ=False)
    finally:
        urlpatterns.pop()


# lists


def queries_of_list(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(50) as found:
        assert client.get("/people/").status_code == 200
    return len(found)


def test_a_list_costs_the_same_however_long(
    signed_in, user_factory, with_templates, django_assert_max_num_queries, configure
):
    user_factory(first_name="First")
    one = queries_of_list(signed_in, django_assert_max_num_queries)
    for _ in range(15):
        user_factory()
    assert queries_of_list(signed_in, django_assert_max_num_queries) == one


def test_lists_are_cut_into_pages(signed_in, user_factory, with_templates):
    for number in range(5):
        user_factory(first_name=f"Person{number}")
    names, address = [], "/people/?limit=2"
    for _ in range(3):
        page = text_of(signed_in.get(address))
        names += re.findall(r"<p>(\w+)</p>", page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        address = more and "/people/" + more[1].replace("&amp;", "&")
    assert sorted(names) == [f"Person{number}" for number in range(5)]
    assert address is None
    assert signed_in.get("/people/?cursor=nonsense").status_code == 404


class OneByOne(Policy):
    def may_see(self, user, other):
        return other.first_name != "Hidden"


def test_who_may_not_be_seen_is_left_out(signed_in, user_factory, with_templates, configure):
    user_factory(first_name="Shown")
    user_factory(first_name="Hidden")
    configure(POLICY=f"{__name__}.OneByOne")
    page = text_of(signed_in.get("/people/"))
    assert re.findall(r"<p>(\w+)</p>", page) == ["Shown"]


# what apps and sites add


class Site(parts.PageParts):
    def navigation(self, request):
        return [*links.links(("Start", "nowhere")), links.Link("News", "/note/", count=3)]

    def guest_links(self, request):
        return [links.Link("Come in", "/door/", style="primary")]

    def account_links(self, request):
        return [links.Link("Me", "/members/"), links.Link("Leave", "/button/fine/", method="post")]

    def card_actions(self, request, card):
        return [links.Link("Wave", f"/button/{card['id']}/", method="post", about=card["first_name"])]

    def error_links(self, request, code):
        return [links.Link("Help", f"/help/{code}/")]


@pytest.fixture
def site_parts(monkeypatch):
    from django.apps import apps

    for config in apps.get_app_configs():
        monkeypatch.setattr(config, "page_parts", None, raising=False)
    monkeypatch.setattr(apps.get_app_config("find_friend"), "page_parts", f"{__name__}.Site")


def test_apps_add_links(browser, signed_in, site_parts):
    page = text_of(browser.get("/note/"))
    assert '<a href="/note/" aria-current="page">News <span class="ff-count">3' in page
    assert "Come in" in page
    assert '<a class="ff-brand" href="/note/">' in page
    page = text_of(signed_in.get("/members/"))
    assert '<a class="ff-account" href="/members/">Ann Archer</a>' in page
    assert "Come in" not in page
    assert 'href="/help/not_found/"' in text_of(browser.post("/button/missing/"))


def test_apps_add_buttons_to_the_cards_of_a_list(signed_in, user_factory, site_parts, with_templates):
    bob = user_factory(first_name="Bob", last_name="<b>")
    card = '{% extends "find_friend/base.html" %}{% block content %}{% for row, card in items %}'
    card += '{% include "find_friend/elements/user_card.html" with note=row.last_name %}{% endfor %}{% endblock %}'
    (with_templates / "tests" / "people.html").write_text(card)
    page = text_of(signed_in.get("/people/"))
    assert f'<form method="post" action="/button/{bob.pk}/" data-ff-once>' in page
    assert 'Wave<span class="ff-hidden"> – Bob</span></button>' in page
    assert '<p class="ff-note">&lt;b&gt;</p>' in page


def test_what_is_told_may_carry_a_link(browser):
    page = text_of(browser.post("/button/link/", follow=True))
    assert '&lt;Done&gt;. <a href="/note/?a=1&amp;b=2">Take it back</a>' in page


def test_an_app_adds_nothing_unless_it_says_so(browser):
    nothing, request = parts.PageParts(), None
    assert nothing.navigation(request) == nothing.guest_links(request) == nothing.account_links(request) == []
    assert nothing.person_actions(request, {}) == nothing.card_actions(request, {}) == nothing.news(request) == []
    assert nothing.error_links(request, "code") == []


def test_a_template_of_the_site_wins(browser, with_templates):
    (with_templates / "find_friend" / "elements" / "field.html").write_text("<b>ours {{ field.name }}</b>")
    assert "<b>ours text</b>" in text_of(browser.get("/note/"))


def test_details_of_an_error_in_words():
    nested = serializers.ValidationError({"a": [{"b": ["First.", "Second."]}]})
    assert views.in_words(nested) == "First."
    assert views.in_words(serializers.ValidationError({})) == ""
    assert views.in_words(Unavailable()) == str(Unavailable.default_detail)


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        (serializers.EmailField(), "EmailField"),
        (serializers.IntegerField(), "IntegerField"),
        (serializers.DateField(), "DateField"),
        (serializers.BooleanField(), "BooleanField"),
        (serializers.JSONField(), None),
    ],
)
def test_fields_of_a_sites_serializer_become_fields_of_the_form(field, kind):
    from find_friend.pages.forms import form_field

    made = form_field(field)
    assert kind == (made and type(made).__name__)
