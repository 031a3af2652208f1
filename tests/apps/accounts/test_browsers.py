"""Browsers that are signed in by sessions: remembered, listed and ended one by one."""

from datetime import timedelta

import pytest
from django.contrib.auth import SESSION_KEY, get_user_model, login, logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import RequestFactory
from django.utils import timezone, translation

from find_friend import access
from find_friend.accounts import passwords
from find_friend.accounts.browsers import describe
from find_friend.accounts.models import BrowserSession
from find_friend.accounts.models.browsers import LONGEST_KEY, MARK
from find_friend.accounts.pages.views import DevicesView, EndDevicesView
from tests.apps.accounts.conftest import url
from tests.conftest import PASSWORD, text_of

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AGENTS = {
    FIREFOX: "Firefox, Linux",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1": "Safari, iPhone",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36": (
        "Chrome, Android"
    ),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 "
    "Edg/143.0.0.0": "Edge, Windows",
    "curl/8.0 (Linux)": "Linux",
    "": "Unknown browser",
}


def browser_of(page, user, agent=FIREFOX):
    client = page(user)
    client.defaults["HTTP_USER_AGENT"] = agent
    BrowserSession.objects.filter(session_key=client.session.session_key).update(user_agent=agent)
    return client


def row_of(client):
    return BrowserSession.objects.get(session_key=client.session.session_key)


def age(client, by):
    """As if the client's browser had been noted that long ago."""
    session = client.session
    pk, key, _noted = session[MARK]
    then = timezone.now() - by
    session[MARK] = [pk, key, then.isoformat()]
    session.save()
    BrowserSession.objects.filter(pk=pk).update(last_used_at=then)


@pytest.mark.parametrize(("agent", "name"), AGENTS.items())
def test_names(agent, name):
    assert describe(agent) == name


def test_whoever_signs_in_is_remembered(client, ann):
    given = {"email": ann.email, "password": PASSWORD}
    agent = f"{FIREFOX}\x00\n" + "x" * 400
    assert client.post(url("sign-in"), given, HTTP_USER_AGENT=agent).status_code == 302
    row = row_of(client)
    assert (row.user, str(row)) == (ann, "Firefox, Linux")
    assert len(row.user_agent) == 300
    assert row.user_agent.isprintable()
    assert row.expires_at > timezone.now() + timedelta(days=13)
    client.post(url("sign-out"))
    assert not BrowserSession.objects.exists()


def test_pages_are_a_use_that_is_noted_once_in_an_hour(page, ann):
    client = browser_of(page, ann)
    age(client, timedelta(minutes=59))
    before = row_of(client).last_used_at
    client.get(url("profile"))
    assert row_of(client).last_used_at == before
    age(client, timedelta(minutes=61))
    client.get(url("profile"))
    assert row_of(client).last_used_at > before
    assert BrowserSession.objects.count() == 1


def test_a_session_from_before_is_noted_when_it_comes(page, ann):
    client = browser_of(page, ann)
    session = client.session
    del session[MARK]
    session.save()
    BrowserSession.objects.all().delete()
    client.get(url("devices"))
    client.get(url("devices"))
    assert row_of(client).user == ann
    assert BrowserSession.objects.count() == 1


def test_a_request_that_was_under_way_at_the_same_time_finds_the_row(page, ann):
    client = browser_of(page, ann)
    row = row_of(client)
    session = client.session
    del session[MARK]
    session.save()
    client.get(url("devices"))
    assert row_of(client).pk == row.pk


def test_a_mark_that_says_nothing_of_its_moment_is_made_anew(page, ann):
    client = browser_of(page, ann)
    session = client.session
    session[MARK] = [session[MARK][0], session.session_key, "some day"]
    session.save()
    client.get(url("devices"))
    assert client.session[MARK][2] != "some day"


def test_a_new_password_keeps_this_browser_and_no_other(page, ann):
    here, elsewhere = browser_of(page, ann), browser_of(page, ann, "")
    row, before = row_of(here), here.session.session_key
    fields = {"current_password": PASSWORD, "new_password": "another Secret 1"}
    assert here.post(url("password"), fields).status_code == 302
    ann.refresh_from_db()
    assert here.session.session_key != before
    assert [found.pk for found in BrowserSession.objects.alive(ann)] == [row.pk]
    assert row_of(here).pk == row.pk
    assert elsewhere.get(url("devices")).status_code == 302


def test_a_password_that_the_site_changed_in_its_own_way(page, ann):
    client = browser_of(page, ann)
    row = row_of(client)
    request = RequestFactory().get("/")
    request.session, request.user = client.session, ann
    ann.set_password("another Secret 1")
    ann.save()
    passwords.update_session_auth_hash(request, ann)
    request.session.save()
    client.cookies["sessionid"] = request.session.session_key
    assert not BrowserSession.objects.alive(ann).exists()
    client.get(url("devices"))
    assert [found.pk for found in BrowserSession.objects.alive(ann)] == [row.pk]


def test_the_list_and_its_buttons(page, ann, bob, heard, django_capture_on_commit_callbacks):
    here, phone, gone = browser_of(page, ann), browser_of(page, ann, [*AGENTS][1]), browser_of(page, ann, [*AGENTS][3])
    foreign = browser_of(page, bob)
    Session.objects.filter(pk=gone.session.session_key).delete()  # in a way that no signal tells of
    shown = text_of(here.get(url("devices")))
    assert "this browser" in shown
    assert "Firefox, Linux" in shown
    assert shown.count("Sign out: ") == 1
    assert "Sign out: Safari, iPhone" in shown
    assert "Edge" not in shown
    assert "not listed" not in shown
    nobodys = url("browser-end", "x")
    for key in (row_of(foreign).pk, "nonsense", "%00"):
        assert here.post(nobodys.replace("x", str(key))).status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        answer = here.post(url("browser-end", row_of(phone).pk), follow=True)
    assert "The browser is signed out." in text_of(answer)
    assert heard == [ann.pk]
    assert SESSION_KEY not in phone.session
    assert SESSION_KEY in here.session
    assert SESSION_KEY in foreign.session


def test_who_takes_over_the_browser_of_somebody_else_is_ended_too(page, ann, bob):
    here, elsewhere = browser_of(page, ann), browser_of(page, bob)
    assert elsewhere.post(url("sign-in"), {"email": ann.email, "password": PASSWORD}).status_code == 302
    assert elsewhere.session[SESSION_KEY] == str(ann.pk)
    here.post(url("devices-end"))
    assert SESSION_KEY not in elsewhere.session


@pytest.mark.parametrize("every_request", [False, True])
def test_ones_own_browser_can_be_ended(page, ann, settings, every_request):
    settings.SESSION_SAVE_EVERY_REQUEST = every_request
    client = browser_of(page, ann)
    age(client, timedelta(hours=2))
    answer = client.post(url("browser-end", row_of(client).pk), follow=True)
    assert answer.redirect_chain[-1][0].startswith(url("sign-in"))
    assert "The browser is signed out." in text_of(answer)
    assert not BrowserSession.objects.exists()


def test_an_account_that_goes_while_its_page_is_asked_for(page, ann, settings):
    client = browser_of(page, ann)
    age(client, timedelta(hours=2))
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.losing_the_account"]
    assert client.get(url("devices")).status_code == 404
    assert not BrowserSession.objects.exists()


def losing_the_account(get_response):
    def answer(request):
        get_user_model().objects.filter(pk=request.user.pk).delete()
        return get_response(request)

    return answer


def test_everything_else_at_once(page, ann, bob, heard, django_capture_on_commit_callbacks):
    here, elsewhere, foreign = browser_of(page, ann), browser_of(page, ann), browser_of(page, bob)
    with django_capture_on_commit_callbacks(execute=True):
        answer = here.post(url("devices-end"), follow=True)
    assert "Everything else is signed out." in text_of(answer)
    assert ann.pk in heard
    assert SESSION_KEY not in elsewhere.session
    assert SESSION_KEY in here.session
    assert SESSION_KEY in foreign.session
    assert BrowserSession.objects.filter(user=ann).count() == 1


def test_sessions_in_a_cache_are_listed_and_ended_too(page, ann, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    here, phone = browser_of(page, ann), browser_of(page, ann, [*AGENTS][1])
    assert "Sign out: Safari, iPhone" in text_of(here.get(url("devices")))
    here.post(url("browser-end", row_of(phone).pk))
    assert SESSION_KEY not in phone.session
    BrowserSession.objects.create(
        user=ann,
        session_key="gone",
        fingerprint=row_of(here).fingerprint,
        expires_at=timezone.now() + timedelta(days=1),
    )
    assert "Sign out: " not in text_of(here.get(url("devices")))


def test_sessions_that_only_the_browser_has_are_not_listed(page, ann, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    here = page(ann)
    assert len(here.session.session_key) > LONGEST_KEY
    shown = text_of(here.get(url("devices")))
    assert "Other browsers are not listed." in shown
    assert not BrowserSession.objects.exists()


def test_signing_in_and_out_without_a_session(ann):
    user_logged_in.send(type(ann), request=None, user=ann)
    user_logged_in.send(type(ann), request=RequestFactory().get("/"), user=ann)
    user_logged_out.send(type(ann), request=RequestFactory().get("/"), user=ann)
    assert not BrowserSession.objects.exists()


def test_a_site_that_signs_people_in_by_something_else(ann, rf):
    def visit(view, method="get", session=None):
        request = getattr(rf, method)("/")
        request.user = ann
        request._dont_enforce_csrf_checks = True
        if session is not None:
            request.session = session
        return view.as_view()(request)

    for session in (None, SessionStore()):
        assert "Other browsers are not listed." in text_of(visit(DevicesView, session=session))
        assert visit(EndDevicesView, "post", session).status_code == 302
    assert not BrowserSession.objects.exists()


def test_somebody_else_signs_in_in_the_same_browser(page, ann, bob):
    client = browser_of(page, ann)
    request = RequestFactory().get("/")
    request.session, request.user = client.session, ann
    login(request, bob, backend="django.contrib.auth.backends.ModelBackend")
    assert BrowserSession.objects.get(session_key=request.session.session_key).user == bob
    assert SessionStore(request.session.session_key)[SESSION_KEY] == str(bob.pk)
    assert not BrowserSession.objects.filter(user=ann, session_key=request.session.session_key).exists()
    request.user = AnonymousUser()
    logout(request)
    assert not BrowserSession.objects.filter(user=bob).exists()


def test_a_sign_out_by_administrators_ends_what_is_in_no_table(page, ann, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    kept, ended, unknown = page(ann), page(ann), page(ann)
    BrowserSession.objects.filter(session_key=unknown.session.session_key).delete()
    assert not access.sign_out([ann], keep=kept.session.session_key)
    assert SESSION_KEY in kept.session
    assert SESSION_KEY not in ended.session
    assert SESSION_KEY in unknown.session


def test_the_list_costs_no_more_queries_for_many(page, ann, django_assert_max_num_queries):
    here = browser_of(page, ann)

    def queries():
        with django_assert_max_num_queries(30) as found:
            assert here.get(url("devices")).status_code == 200
        return len(found)

    browser_of(page, ann)
    few = queries()
    for _each in range(10):
        browser_of(page, ann)
    assert queries() == few


def test_expired_ones_are_cleaned_up(page, ann):
    old, new = browser_of(page, ann), browser_of(page, ann)
    BrowserSession.objects.filter(pk=row_of(old).pk).update(expires_at=timezone.now())
    assert BrowserSession.objects.expired().delete()[0] == 1
    assert [row.pk for row in BrowserSession.objects.all()] == [row_of(new).pk]


def test_in_russian():
    with translation.override("ru"):
        assert describe("") == "Неизвестный браузер"
