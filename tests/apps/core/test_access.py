import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from find_friend import access

pytestmark = pytest.mark.django_db


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def key(client):
    return client.session.session_key


def test_signing_out_ends_the_sessions_of_these_users_only(ann, bob, eve):
    browsers = [browser(user) for user in (ann, ann, bob, eve)]
    kept = key(browsers[3])
    assert access.sign_out([ann, bob])
    assert list(Session.objects.values_list("pk", flat=True)) == [kept]
    for user in (ann, bob):
        user.refresh_from_db()
        assert user.is_active


def test_one_session_may_stay(ann):
    here, elsewhere = browser(ann), browser(ann)
    access.sign_out([ann], keep=key(here))
    assert [row.pk for row in Session.objects.all()] == [key(here)]
    assert not elsewhere.session.get("_auth_user_id")


def test_sessions_that_say_nothing_are_passed_over(ann):
    signed_in = browser(ann)
    Session.objects.create(pk="broken", session_data="no such thing", expire_date=timezone.now().replace(year=2999))
    Session.objects.filter(pk=key(signed_in)).update(expire_date=timezone.now().replace(year=2000))
    assert access.end_sessions([ann])
    assert Session.objects.count() == 2, "the expired one is found by clearsessions"


def test_a_copy_in_the_cache_ends_too(ann, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    signed_in = browser(ann)
    assert signed_in.session.get("_auth_user_id")
    assert access.end_sessions([ann])
    assert not signed_in.session.get("_auth_user_id")


def test_sessions_that_are_in_no_table_cannot_be_found(ann, settings, uninstall):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    uninstall("find_friend.accounts")  # which remembers those of everybody who signs in
    signed_in = browser(ann)
    assert not access.can_end_sessions()
    assert not access.sign_out([ann])
    assert signed_in.session.get("_auth_user_id")


def test_a_site_without_sessions(ann, uninstall):
    uninstall("django.contrib.sessions")
    assert access.end_sessions([ann])


def test_a_site_without_tokens(ann, uninstall):
    signed_in = browser(ann)
    uninstall("find_friend.accounts")
    assert access.sign_out([ann])
    assert not signed_in.session.get("_auth_user_id")


def test_blocking_and_unblocking(ann, bob, django_capture_on_commit_callbacks):
    signed_in = browser(ann)
    with django_capture_on_commit_callbacks(execute=True):
        assert access.block([ann])
    ann.refresh_from_db()
    assert not ann.is_active
    assert not signed_in.session.get("_auth_user_id")
    assert access.unblock([ann])
    ann.refresh_from_db()
    assert ann.is_active


def test_unblocking_brings_no_session_back(ann):
    signed_in = browser(ann)
    ann.is_active = False
    ann.save()  # by other means than block()
    access.unblock([ann])
    assert not signed_in.session.get("_auth_user_id")


def test_somebody_who_is_gone_is_passed_over(ann, bob):
    type(ann).objects.filter(pk=ann.pk).delete()
    access.block([ann, bob])
    bob.refresh_from_db()
    assert not bob.is_active


@pytest.mark.needs("accounts")
def test_tokens_end_for_good(ann, api):
    client = api(ann)
    access.sign_out([ann])
    assert client.get("/api/v1/users/me/").status_code == 401
    client = api(ann)
    access.block([ann])
    access.unblock([ann])
    assert client.get("/api/v1/users/me/").status_code == 401


@pytest.mark.parametrize("way", [access.block, access.sign_out])
def test_open_sockets_look_at_their_rights(ann, way, django_capture_on_commit_callbacks):
    from find_friend.signals import rights_changed

    heard = []

    def listen(sender, users, **kwargs):
        heard.extend(users)

    rights_changed.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            way([ann])
    finally:
        rights_changed.disconnect(listen)
    assert ann.pk in heard
