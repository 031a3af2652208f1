"""Blocking users, unblocking them and signing them out in the admin of any user model."""

import logging

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from find_friend.account_admin import ACCOUNT_ACTIONS
from tests.apps.core.desks import UserDesk, site
from tests.desk import queries

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.apps.core.desks")]
NAMES = list(ACCOUNT_ACTIONS)


def address(name, *args):
    meta = get_user_model()._meta
    return reverse(f"desks:{meta.app_label}_{meta.model_name}_{name}", args=args)


def listed():
    return address("changelist")


def button(user, name):
    return address("account", quote(user.pk), name)


def change(user):
    return address("change", quote(user.pk))


def offered(browser, user):
    """The buttons on the page of a user."""
    page = browser.get(change(user)).content.decode()
    return [name for name in NAMES if escape(button(user, name)) in page]


def chosen(name, *users, **more):
    return {"action": name, ACTION_CHECKBOX_NAME: [user.pk for user in users], **more}


def told(answer):
    return [str(message) for message in get_messages(answer.wsgi_request)]


def is_active(user):
    return get_user_model().objects.get(pk=user.pk).is_active


def traces():
    return [(entry.user, entry.object_id, entry.change_message) for entry in LogEntry.objects.order_by("pk")]


@pytest.fixture
def desk(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def helper(user_factory):
    """Staff with some permissions about users, and a browser of theirs."""

    def made(*names, **fields):
        user = user_factory(is_staff=True, **fields)
        codenames = [f"{name}_{get_user_model()._meta.model_name}" for name in names]
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        browser = Client()
        browser.force_login(user)
        return user, browser

    return made


@pytest.fixture
def signed_in(ann):
    browser = Client()
    browser.force_login(ann)
    return browser.session.session_key


def test_a_button_asks_before_it_blocks(desk, ann, staff, signed_in):
    assert 'name="first_name"' in desk.get(change(ann)).content.decode(), "the page is the one of the site"
    assert offered(desk, ann) == ["block", "end_sessions"]
    asked = desk.get(button(ann, "block"))
    assert escape(ann.get_username()) in asked.content.decode()
    assert desk.post(button(ann, "block")).status_code == 200, "not confirmed"
    assert is_active(ann)
    assert traces() == []
    done = desk.post(button(ann, "block"), {"confirmed": "yes"})
    assert done.headers["Location"] == change(ann)
    assert told(done) == ["1 account was blocked."]
    assert not is_active(ann)
    assert not Session.objects.filter(pk=signed_in).exists()
    assert traces() == [(staff, str(ann.pk), "Blocked.")]
    assert offered(desk, ann) == ["unblock", "end_sessions"]


@pytest.mark.parametrize("name", NAMES)
def test_an_action_of_the_list_asks_as_well(desk, ann, bob, staff, name):
    get_user_model().objects.filter(pk__in=[ann.pk, bob.pk]).update(is_active=name != "unblock")
    asked = desk.post(listed(), chosen(name, ann, bob))
    assert asked.status_code == 200
    for user in (ann, bob):
        assert escape(user.get_username()) in asked.content.decode()
        assert is_active(user) is (name != "unblock")
    assert traces() == []
    done = desk.post(listed(), chosen(name, ann, bob, confirmed="yes"))
    assert done.status_code == 302
    assert [is_active(user) for user in (ann, bob)] == [name != "block"] * 2
    trace = str(ACCOUNT_ACTIONS[name].trace)
    assert sorted(traces(), key=lambda row: row[1]) == sorted(
        [(staff, str(user.pk), trace) for user in (ann, bob)], key=lambda row: row[1]
    )
    assert told(done)[0].startswith("2 accounts were")


def test_signing_out_ends_sessions_and_leaves_the_account(desk, ann, signed_in):
    desk.post(button(ann, "end_sessions"), {"confirmed": "yes"})
    assert is_active(ann)
    assert not Session.objects.filter(pk=signed_in).exists()


def test_the_browser_that_asks_stays_signed_in(desk, staff):
    other = Client()
    other.force_login(staff)
    assert desk.post(button(staff, "end_sessions"), {"confirmed": "yes"}).status_code == 302
    assert desk.get(listed()).status_code == 200
    assert other.get(listed()).status_code == 302


def test_what_is_done_is_logged(desk, ann, staff, caplog):
    with caplog.at_level(logging.INFO, logger="find_friend"):
        desk.post(button(ann, "block"), {"confirmed": "yes"})
    found = [record.find_friend for record in caplog.records if record.find_friend["event"] == "account_action"]
    shown = [pk if isinstance(pk, int) else str(pk) for pk in (staff.pk, ann.pk)]
    assert found == [{"event": "account_action", "user": shown[0], "operation": "block", "key": shown[1]}]


def test_nobody_blocks_themselves(desk, staff):
    assert offered(desk, staff) == ["end_sessions"]
    done = desk.post(button(staff, "block"), {"confirmed": "yes"})
    assert told(done) == [f"Sam Staff ({staff.get_username()}): this is your own account"]
    assert is_active(staff)
    assert traces() == []


@pytest.mark.parametrize("name", ["block", "end_sessions"])
def test_superusers_are_a_matter_of_superusers(helper, staff, name):
    _user, browser = helper("change")
    assert offered(browser, staff) == []
    done = browser.post(button(staff, name), {"confirmed": "yes"})
    assert "only superusers may do this to a superuser" in told(done)[0]
    assert is_active(staff)
    assert traces() == []


def test_who_is_left_out_is_named_before_and_after(desk, ann, bob, staff):
    get_user_model().objects.filter(pk=bob.pk).update(is_active=False)
    asked = desk.post(listed(), chosen("block", ann, bob, staff)).content.decode()
    assert f"{escape(bob.get_username())}): already blocked" in asked
    assert f'value="{bob.pk}"' not in asked
    done = desk.post(listed(), chosen("block", ann, bob, staff, confirmed="yes"))
    assert len(told(done)) == 3
    assert not is_active(ann)
    assert is_active(staff)
    done = desk.post(listed(), chosen("unblock", staff))
    assert done.status_code == 302
    assert told(done)[-1].endswith("not blocked")


def test_only_who_may_change_users_may_do_it(helper, ann):
    user, browser = helper("view")
    page = browser.get(change(ann)).content.decode()
    assert "/account/" not in page
    assert 'value="block"' not in browser.get(listed()).content.decode()
    for name in NAMES:
        assert browser.post(button(ann, name), {"confirmed": "yes"}).status_code == 403
        browser.post(listed(), chosen(name, ann, confirmed="yes"))
    assert is_active(ann)
    assert traces() == []
    user, browser = helper("change")
    assert browser.post(button(ann, "block"), {"confirmed": "yes"}).status_code == 302
    assert traces() == [(user, str(ann.pk), "Blocked.")]


def test_nobody_else_gets_there(client, helper, ann):
    assert client.get(button(ann, "block")).status_code == 302, "to sign in"
    _user, browser = helper()
    assert browser.get(button(ann, "block")).status_code == 403


def test_the_sites_own_rule_about_one_user_holds(desk, user_factory):
    boss = user_factory(first_name="Boss", last_name="")
    assert "/account/" not in desk.get(change(boss)).content.decode()
    done = desk.post(listed(), chosen("block", boss, confirmed="yes"))
    assert told(done) == [f"Boss ({boss.get_username()}): you may not change this account"]
    assert is_active(boss)


def test_what_is_not_there_is_not_found(desk, ann, user_factory):
    gone = user_factory()
    get_user_model().objects.filter(pk=gone.pk).delete()
    assert desk.get(button(gone, "block")).status_code == 404
    assert desk.get(button(ann, "promote")).status_code == 404


def test_a_request_of_another_site_does_nothing(ann, staff):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(staff)
    assert browser.post(button(ann, "block"), {"confirmed": "yes"}).status_code == 403
    assert is_active(ann)


def test_not_too_many_at_once(desk, user_factory):
    users = [user_factory() for _ in range(4)]
    done = desk.post(listed(), chosen("block", *users, confirmed="yes"))
    assert told(done) == ["Choose at most 3 at once."]
    assert all(is_active(user) for user in users)


def test_actions_of_the_site_stay(desk, ann):
    assert told(desk.post(listed(), chosen("greet", ann))) == ["Hello"]
    bare = type("Bare", (UserDesk,), {"actions": None})(get_user_model(), site)
    assert bare.actions is None
    other = type("Other", (UserDesk,), {"actions": ["block"]})(get_user_model(), site)
    assert other.actions == ["block", "unblock", "end_sessions"]


def test_sessions_that_cannot_be_found_are_told_of(desk, ann, staff, settings):
    assert "keeps sessions" not in desk.get(button(ann, "end_sessions")).content.decode()
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    browser = Client()
    browser.force_login(staff)
    assert "keeps sessions" in browser.get(button(ann, "end_sessions")).content.decode()


def test_users_who_cannot_be_blocked_are_signed_out(rf, staff, settings):
    settings.AUTH_USER_MODEL = "auth.Group"
    request = rf.get("/")
    request.user = staff
    desk = UserDesk(Group, site)
    assert not desk.offers(request, "block")
    assert desk.offers(request, "end_sessions")


def test_the_field_on_the_page_signs_out_too(desk, ann, signed_in, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(change(ann), {"first_name": "Anna", "is_active": "on"})
    assert Session.objects.filter(pk=signed_in).exists()
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(change(ann), {"first_name": "Anna"})
    assert not is_active(ann)
    assert not Session.objects.filter(pk=signed_in).exists()


def test_adding_has_no_buttons(desk):
    assert "/account/" not in desk.get(address("add")).content.decode()


@pytest.mark.skipif(get_user_model().USERNAME_FIELD != "username", reason="Django's admin of users is for user names")
def test_in_front_of_the_admin_that_django_brings(desk, ann):
    base = f"/people/{get_user_model()._meta.app_label}/{get_user_model()._meta.model_name}/"
    assert 'value="end_sessions"' in desk.get(base).content.decode()
    page = desk.get(f"{base}{ann.pk}/change/").content.decode()
    assert f"{base}{ann.pk}/account/block/" in page
    assert 'name="username"' in page
    assert desk.get(f"{base}{ann.pk}/password/").status_code == 200
    assert desk.post(f"{base}{ann.pk}/account/block/", {"confirmed": "yes"}).status_code == 302
    assert not is_active(ann)


def test_asking_costs_the_same_for_many(desk, user_factory, monkeypatch):
    monkeypatch.setattr(UserDesk, "most_accounts", 500)

    def cost():
        return queries(lambda: desk.post(listed(), chosen("block", *get_user_model().objects.all())))

    user_factory()
    few = cost()
    for _ in range(18):
        user_factory()
    assert cost() == few
