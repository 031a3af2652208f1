import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.utils import timezone

from find_friend import users
from find_friend.accounts.addresses import email_digest, email_of
from find_friend.accounts.models import EmailAddress
from find_friend.accounts.models.emails import same_address

pytestmark = pytest.mark.django_db
NO_COLUMN = "no_such_column"


def old_user(user_factory, email):
    """A user from before the package came: no row of ours. The address is written past every ``save()``."""
    user = user_factory()
    EmailAddress.objects.filter(user=user).delete()
    get_user_model().objects.filter(pk=user.pk).update(email=email)
    user.refresh_from_db()
    return user


def test_case_does_not_count(ann):
    assert email_digest(" Ann@Example.COM ") == email_digest("ann@example.com")
    for spelling in ("ann@example.com", "ANN@example.com", " ann@Example.com"):
        assert EmailAddress.objects.user_for(spelling) == ann
    assert str(ann.find_friend_email) == "ann@example.com"


@pytest.mark.parametrize("nonsense", [None, 5, [], {}, "\0", "\ud800", "", "ann", "ann@example.com\0"])
def test_nobody_has_nonsense(ann, nonsense):
    assert EmailAddress.objects.user_for(nonsense) is None


def test_wild_cards_are_plain_characters(ann):
    EmailAddress.objects.all().delete()
    assert EmailAddress.objects.user_for("%@example.com") is None
    assert EmailAddress.objects.user_for("an_@example.com") is None


def test_inactive_users_are_not_found(ann):
    ann.is_active = False
    ann.save()
    assert EmailAddress.objects.user_for("ann@example.com") is None
    assert EmailAddress.objects.is_taken("ann@example.com")


def test_old_users_get_a_row_when_they_come(user_factory):
    old = old_user(user_factory, "Old@Example.com")
    assert EmailAddress.objects.user_for("old@example.COM") == old
    assert EmailAddress.objects.get(user=old).email == "old@example.com"


def test_two_old_users_with_one_address(user_factory):
    first, second = old_user(user_factory, "two@example.com"), old_user(user_factory, "Two@example.com")
    for spelling in ("two@example.com", "Two@example.com"):
        assert EmailAddress.objects.user_for(spelling) is None
    assert EmailAddress.objects.is_taken("TWO@example.com", besides=first)
    assert EmailAddress.objects.duplicates() == sorted([first.pk, second.pk])
    if users.has_field("username"):
        first.save()  # saving one of them decides nothing
        assert not EmailAddress.objects.filter(user=first).exists()


def test_a_changed_column_wins_over_our_row(ann, bob):
    get_user_model().objects.filter(pk=ann.pk).update(email="new@example.com")
    assert EmailAddress.objects.user_for("ann@example.com") is None
    assert not EmailAddress.objects.is_taken("ann@example.com")
    assert EmailAddress.objects.user_for("new@example.com") == ann


def test_a_swap_behind_our_back(user_factory, ann, bob):
    get_user_model().objects.filter(pk=bob.pk).update(email="third@example.com")
    ann.email = "bob@example.com"
    ann.save()
    assert EmailAddress.objects.user_for("bob@example.com") == ann
    assert EmailAddress.objects.user_for("third@example.com") == bob


def test_a_changed_address_has_to_be_confirmed_again(ann):
    EmailAddress.objects.verify(ann)
    assert EmailAddress.objects.is_verified(ann)
    ann.save()
    assert EmailAddress.objects.is_verified(ann)
    ann.email = "other@example.com"
    ann.save(update_fields=["first_name"])
    assert EmailAddress.objects.get(user=ann).email == "ann@example.com"
    ann.save(update_fields=["email"])
    assert not EmailAddress.objects.is_verified(ann)
    assert EmailAddress.objects.get(user=ann).email == "other@example.com"


def test_a_changed_column_is_not_confirmed(ann):
    EmailAddress.objects.verify(ann)
    get_user_model().objects.filter(pk=ann.pk).update(email="new@example.com")
    ann.refresh_from_db()
    assert not EmailAddress.objects.is_verified(ann)


def test_the_second_of_two_has_no_row(ann, user_factory, has_user_name, caplog):
    if not has_user_name:
        pytest.skip("the user model of this project has a unique address")
    second = user_factory(email="Ann@example.com")
    assert not EmailAddress.objects.filter(user=second).exists()
    assert EmailAddress.objects.user_for("ann@example.com") == ann
    assert str(second.pk) in caplog.text
    assert "example.com" not in caplog.text
    EmailAddress.objects.verify(second)
    assert not EmailAddress.objects.is_verified(second)


def test_users_without_address(user_factory, has_user_name):
    if not has_user_name:
        pytest.skip("the user model of this project requires an address")
    first, second = user_factory(email=""), user_factory(email="")
    assert not EmailAddress.objects.filter(user__in=[first, second]).exists()
    assert EmailAddress.objects.user_for("") is None
    assert EmailAddress.objects.duplicates() == []


def test_user_models_without_the_column(ann, monkeypatch):
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", NO_COLUMN)
    assert email_of(ann) == ""
    assert same_address("ann@example.com") == []
    assert EmailAddress.objects.duplicates() == []
    assert EmailAddress.objects.sync(ann) is None


def test_fixtures_are_loaded_without_rows(ann, tmp_path):
    file = tmp_path / "users.json"
    label = get_user_model()._meta.label_lower
    call_command("dumpdata", label, output=str(file))
    get_user_model().objects.all().delete()
    call_command("loaddata", str(file), verbosity=0)
    assert not EmailAddress.objects.exists()
    assert EmailAddress.objects.user_for("ann@example.com") == ann


def test_verifying_twice_tells_once(ann, django_capture_on_commit_callbacks):
    from find_friend.accounts.signals import email_verified

    news = []
    email_verified.connect(lambda email, **kwargs: news.append(email), weak=False, dispatch_uid="test")
    with django_capture_on_commit_callbacks(execute=True):
        EmailAddress.objects.verify(ann)
        EmailAddress.objects.verify(ann)
    email_verified.disconnect(dispatch_uid="test")
    assert news == ["ann@example.com"]
    assert EmailAddress.objects.get(user=ann).verified_at <= timezone.now()


class TestVerification:
    def test_by_link(self, committed, api, ann, link):
        assert committed(api(ann).post, "users/resend_verification/").status_code == 204
        sent = link()
        assert committed(api().post, "users/verify_email/", sent).status_code == 204
        assert EmailAddress.objects.is_verified(ann)
        again = committed(api().post, "users/verify_email/", sent)
        assert (again.status_code, again.data["code"]) == (400, "invalid_link")

    def test_a_password_change_does_not_hurt_the_link(self, committed, api, ann, link):
        committed(api(ann).post, "users/resend_verification/")
        ann.set_password("x")
        ann.save()
        assert committed(api().post, "users/verify_email/", link()).status_code == 204

    def test_a_new_address_kills_the_link(self, committed, api, ann, link):
        committed(api(ann).post, "users/resend_verification/")
        ann.email = "else@example.com"
        ann.save()
        assert committed(api().post, "users/verify_email/", link()).status_code == 400

    def test_nothing_is_sent_without_need(self, committed, api, ann, bob, configure, mailoutbox):
        EmailAddress.objects.verify(ann)
        assert committed(api(ann).post, "users/resend_verification/").status_code == 204
        configure(EMAIL_VERIFICATION="off")
        assert committed(api(bob).post, "users/resend_verification/").status_code == 204
        assert mailoutbox == []

    def test_guests_cannot_ask(self, committed, api, db):
        assert committed(api().post, "users/resend_verification/").status_code == 401

    def test_required_before_search_and_cards(self, api, ann, bob, configure):
        configure(EMAIL_VERIFICATION="required")
        for path in ("users/", f"users/{bob.pk}/"):
            answer = api(ann).get(f"/api/v1/{path}")
            assert (answer.status_code, answer.data["code"]) == (403, "email_not_verified")
        for path in ("users/me/", "auth/tokens/", "interests/"):
            assert api(ann).get(f"/api/v1/{path}").status_code == 200
        EmailAddress.objects.verify(ann)
        assert api(ann).get("/api/v1/users/").status_code == 200


class TestChange:
    def ask(self, committed, client, email="Fresh@Example.com", password="correct horse battery"):
        return committed(client.post, "users/change_email/", {"current_password": password, "new_email": email})

    def test_by_link_sent_to_the_new_address(self, committed, api, ann, link, mailoutbox, heard):
        from find_friend.accounts.signals import email_changed

        news = []
        email_changed.connect(lambda **kwargs: news.append(kwargs), weak=False, dispatch_uid="test")
        client = api(ann)
        assert self.ask(committed, client).status_code == 204
        assert mailoutbox[-1].to == ["fresh@example.com"]
        ann.refresh_from_db()
        assert ann.email == "ann@example.com"
        assert committed(api().post, "users/change_email/confirm/", link()).status_code == 204
        email_changed.disconnect(dispatch_uid="test")
        ann.refresh_from_db()
        assert ann.email == "fresh@example.com"
        assert EmailAddress.objects.is_verified(ann)
        assert EmailAddress.objects.user_for("ann@example.com") is None
        assert client.get("/api/v1/users/me/").status_code == 401
        assert mailoutbox[-1].to == ["ann@example.com"]
        assert (news[0]["old_email"], news[0]["new_email"]) == ("ann@example.com", "fresh@example.com")
        assert ann.pk in heard

    def test_needs_the_password(self, committed, api, ann, mailoutbox):
        answer = self.ask(committed, api(ann), password="wrong")
        assert (answer.status_code, set(answer.data)) == (400, {"current_password"})
        assert mailoutbox == []

    def test_a_taken_address_answers_alike(self, committed, api, ann, bob, mailoutbox):
        taken = self.ask(committed, api(ann), "BOB@example.com")
        assert (taken.status_code, taken.content, mailoutbox) == (204, b"", [])

    def test_taken_meanwhile(self, committed, api, ann, user_factory, link):
        client = api(ann)
        self.ask(committed, client)
        user_factory(email="FRESH@example.com")
        answer = committed(api().post, "users/change_email/confirm/", link())
        assert (answer.status_code, answer.data["code"]) == (409, "email_taken")
        ann.refresh_from_db()
        assert ann.email == "ann@example.com"
        assert client.get("/api/v1/users/me/").status_code == 200

    def test_a_new_password_kills_the_link(self, committed, api, ann, link):
        self.ask(committed, api(ann))
        ann.set_password("x")
        ann.save()
        assert committed(api().post, "users/change_email/confirm/", link()).status_code == 400

    def test_a_user_who_had_no_address_gets_no_notice(
        self, committed, api, user_factory, link, mailoutbox, has_user_name
    ):
        if not has_user_name:
            pytest.skip("the user model of this project requires an address")
        user = user_factory(email="")
        committed(api(user).post, "users/resend_verification/")
        assert mailoutbox == []
        self.ask(committed, api(user))
        assert committed(api().post, "users/change_email/confirm/", link()).status_code == 204
        assert len(mailoutbox) == 1

    def test_a_link_of_another_purpose_does_not_work(self, committed, api, ann, link):
        self.ask(committed, api(ann))
        assert committed(api().post, "users/verify_email/", link()).status_code == 400


@pytest.mark.parametrize(
    ("email", "found"),
    [
        ("ann@example.com", True),
        ("ANN@Example.com", True),
        (" ann@example.com ", True),
        ("other@example.com", False),
        ("", False),
    ],
)
def test_the_confirmed_address_of_a_user(ann, bob, email, found):
    """The database says the same as ``is_verified``."""
    EmailAddress.objects.verify(ann)
    get_user_model().objects.filter(pk=ann.pk).update(email=email)
    ann.refresh_from_db()
    assert EmailAddress.objects.verified_of(ann.pk).exists() is found
    assert EmailAddress.objects.is_verified(ann) is found
    assert not EmailAddress.objects.verified_of(bob.pk).exists()


def test_without_a_column_nobody_has_a_confirmed_address(ann, monkeypatch):
    EmailAddress.objects.verify(ann)
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", NO_COLUMN)
    assert not EmailAddress.objects.verified_of(ann.pk).exists()
