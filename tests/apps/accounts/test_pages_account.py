"""One's own profile, picture, devices and data, on pages."""

import json
import re
import sys
from datetime import timedelta

import pytest
from django.contrib.auth import SESSION_KEY, get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework import serializers

from find_friend.accounts.models import AuthToken, City, EmailAddress, Interest, Profile, Purpose
from find_friend.accounts.models.emails import EmailToken
from find_friend.accounts.pages.fields import FEW
from find_friend.accounts.serializers import MeSerializer
from tests.apps.accounts.conftest import url
from tests.apps.accounts.test_avatars import picture
from tests.conftest import PASSWORD, left_out, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann_page(page, ann):
    return page(ann)


def fill(client, **changed):
    """Send the profile form as the browser shows it, with some fields changed."""
    form = client.get(url("profile")).context["form"]
    shown = {bound.name: bound.value() for bound in form if bound.value() not in (None, "")}
    return client.post(url("profile"), {**shown, **changed})


# profile


def test_a_profile(ann_page, ann):
    lisbon = City.objects.create(name="Lisbon", country="PT", population=500_000)
    chess, hiking = (Interest.objects.create(name=name) for name in ("Chess", "Hiking"))
    answer = fill(
        ann_page,
        first_name="Anna",
        birthday="2001-02-03",
        sex="female",
        city="lisbon",
        occupation="Baker",
        purpose="Chess partners",
        about="Up early.",
        interests=[chess.pk, hiking.pk],
    )
    assert (answer.status_code, answer["Location"]) == (302, url("profile"))
    shown = ann_page.get(url("profile"))
    assert "Your profile is saved." in text_of(shown)
    assert 'value="Lisbon, PT"' in text_of(shown)
    assert 'type="date" name="birthday" value="2001-02-03"' in text_of(shown)
    profile = Profile.objects.get(user=ann)
    assert (profile.city, profile.sex, profile.occupation) == (lisbon, "female", "Baker")
    assert set(profile.interests.all()) == {chess, hiking}
    ann.refresh_from_db()
    assert ann.first_name == "Anna"
    assert fill(ann_page, interests=[chess.pk]).status_code == 302
    assert fill(ann_page, city="", birthday="", sex="").status_code == 302
    profile.refresh_from_db()
    assert (profile.city, profile.birthday, profile.sex) == (None, None, "")
    assert set(profile.interests.all()) == {chess}
    assert profile.about == "Up early."


def test_nobody_needs_an_interest(ann_page):
    Interest.objects.create(name="Chess")
    assert fill(ann_page, about="Nothing in particular.").status_code == 302


def test_errors_stand_at_their_fields(ann_page):
    answer = fill(ann_page, first_name="4nn", birthday="2999-01-01", about="x" * 2001, city="Atlantis")
    errors = answer.context["form"].errors
    assert set(errors) == {"first_name", "birthday", "about", "city"}
    assert errors["city"] == ["“Atlantis” is not on the list."]
    assert errors["birthday"] == ["This day is still to come. Check the year."]


@pytest.mark.parametrize("value", ["\0", "😀" * 400, ",,,", "x" * 5000])
@pytest.mark.parametrize("field", ["city", "more_interests", "about", "birthday", "sex", "interests"])
def test_nothing_breaks_a_profile(ann_page, field, value):
    for number in range(FEW + 1):
        Interest.objects.create(name=f"Interest {number}")
    assert fill(ann_page, **{field: value}).status_code in (200, 302)


def test_a_birthday_that_counts_cannot_be_changed(ann_page, ann, configure):
    configure(MINIMUM_AGE=18)
    assert fill(ann_page, birthday="2001-02-03").status_code == 302
    shown = ann_page.get(url("profile"))
    assert "Ask the administrators" in text_of(shown)
    assert fill(ann_page, birthday="1990-01-01", about="Changed").status_code == 302
    profile = Profile.objects.get(user=ann)
    assert str(profile.birthday) == "2001-02-03"
    assert profile.about == "Changed"


def test_cities_of_one_name(ann_page, ann):
    for region, population in (("Illinois", 100), ("Missouri", 200), ("Missouri", 300)):
        City.objects.create(name="Springfield", region=region, country="US", population=population)
    answer = fill(ann_page, city="Springfield")
    choice = "There are several. Write one of these: “Springfield, Missouri, US”, “Springfield, Illinois, US”"
    assert answer.context["form"].errors["city"] == [choice]
    for text, population in (("springfield, illinois", 100), ("Springfield, Missouri, US", 300)):
        assert fill(ann_page, city=text).status_code == 302
        assert Profile.objects.get(user=ann).city.population == population
    answer = fill(ann_page, city="Spring")
    assert "“Spring” is not on the list. There are: “Springfield, " in answer.context["form"].errors["city"][0]


def test_a_city_that_has_gone_is_not_shown(ann_page):
    answer = ann_page.get(url("profile"))
    assert answer.context["form"].fields["city"].prepare_value(12345) == ""


def test_many_interests_are_written(ann_page, ann):
    for number in range(FEW):
        Interest.objects.create(name=f"Interest {number}")
    shown = ann_page.get(url("profile")).context["form"]
    assert "more_interests" not in shown.fields
    assert len(shown.fields["interests"].choices) == FEW
    Interest.objects.create(name="Chess")
    shown = ann_page.get(url("profile")).context["form"]
    assert "interests" not in shown.fields
    assert shown.fields["more_interests"].label == "Interests"
    assert fill(ann_page, more_interests="CHESS, interest 3 ,").status_code == 302
    shown = ann_page.get(url("profile")).context["form"]
    assert [name for _key, name in shown.fields["interests"].choices] == ["Chess", "Interest 3"]
    assert fill(ann_page, more_interests="Interest 5").status_code == 302
    assert Profile.objects.get(user=ann).interests.count() == 3
    answer = fill(ann_page, more_interests="Chess, Che")
    assert answer.context["form"].errors["more_interests"] == ["“Che” is not on the list. There are: “Chess”"]
    answer = fill(ann_page, more_interests="Knitting")
    assert answer.context["form"].errors["more_interests"] == ["“Knitting” is not on the list."]
    chosen = [Interest.objects.get(name="Chess").pk]
    assert fill(ann_page, interests=chosen).status_code == 302
    assert [interest.name for interest in Profile.objects.get(user=ann).interests.all()] == ["Chess"]


def test_interests_that_are_none(ann_page):
    Interest.objects.create(name="Chess")
    for key in ("12345", "x", "9" * 40, "-1"):
        answer = fill(ann_page, interests=[key])
        assert answer.status_code == 200
        assert list(answer.context["form"].errors) == ["interests"]


class Shorter(MeSerializer):
    def get_fields(self):
        fields = super().get_fields()
        del fields["interests"], fields["city"]
        return {**fields, "motto": serializers.CharField(source="find_friend_profile.purpose", max_length=10)}


def test_the_form_follows_the_serializer_of_the_site(ann_page, ann, configure):
    Interest.objects.create(name="Chess")
    configure(SERIALIZERS={"me": f"{__name__}.Shorter"})
    form = ann_page.get(url("profile")).context["form"]
    assert "motto" in form.fields
    assert not {"interests", "more_interests", "city"} & set(form.fields)
    assert list(fill(ann_page, motto="much too long").context["form"].errors) == ["motto"]
    assert fill(ann_page, motto="Onward").status_code == 302
    assert Profile.objects.get(user=ann).purpose == "Onward"


def test_suggestions_for_scripts(ann_page, page):
    Interest.objects.create(name="Chess")
    City.objects.create(name="Chester", country="GB")
    found = ann_page.get(url("interests"), {"search": "che"}).json()["results"]
    assert [interest["name"] for interest in found] == ["Chess"]
    assert ann_page.get(url("cities"), {"search": "che"}).json()["results"][0]["country"] == "GB"
    assert page().get(url("cities")).status_code in (401, 403)


# picture


def upload():
    return SimpleUploadedFile("me.png", picture(), "image/png")


def test_a_picture(ann_page, ann):
    answer = ann_page.post(url("picture"), {"avatar": upload()}, follow=True)
    assert "Your picture is saved." in text_of(answer)
    profile = Profile.objects.get(user=ann)
    assert profile.avatar.name.endswith(".webp")
    assert f'src="http://testserver{profile.avatar.url}"' in text_of(answer)
    answer = ann_page.post(url("picture-remove"), follow=True)
    assert "Your picture is removed." in text_of(answer)
    assert not Profile.objects.get(user=ann).avatar


def test_a_picture_that_is_none(ann_page, ann, configure):
    empty = ann_page.post(url("picture"), {})
    assert empty.context["form"].errors == {"avatar": ["This field is required."]}
    text = SimpleUploadedFile("a.png", b"<script>", "image/png")
    answer = ann_page.post(url("picture"), {"avatar": text})
    assert answer.context["form"].errors == {"avatar": ["This is not a JPEG, PNG or WebP picture."]}
    configure(AVATAR_MAX_BYTES=10)
    answer = ann_page.post(url("picture"), {"avatar": upload()})
    assert answer.context["form"].errors == {"avatar": ["This file is too large. Choose a smaller one."]}
    assert not Profile.objects.filter(user=ann).exclude(avatar="").exists()


def test_a_site_without_pictures(ann_page, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    answer = ann_page.post(url("picture"), {"avatar": SimpleUploadedFile("a.png", b"x")})
    assert "This site does not accept pictures." in text_of(answer)


# devices


def test_devices(ann_page, ann, bob, heard, django_capture_on_commit_callbacks):
    phone, _key = AuthToken.objects.issue(ann, "Phone <b>")
    AuthToken.objects.issue(ann)
    foreign, _key = AuthToken.objects.issue(bob, "Bob's phone")
    shown = text_of(ann_page.get(url("devices")))
    assert "Phone &lt;b&gt;" in shown
    assert "Unnamed device" in shown
    assert "Bob" not in shown
    with django_capture_on_commit_callbacks(execute=True):
        answer = ann_page.post(url("device-end", phone.pk), follow=True)
    assert "The device is signed out." in text_of(answer)
    assert heard == [ann.pk]
    assert AuthToken.objects.filter(user=ann).count() == 1
    for nobodys in (phone.pk, foreign.pk, "nonsense", "%00"):
        assert ann_page.post(url("device-end", "x").replace("x", str(nobodys))).status_code == 404
    assert "Everything else is signed out." in text_of(ann_page.post(url("devices-end"), follow=True))
    assert not AuthToken.objects.filter(user=ann).exists()
    assert AuthToken.objects.filter(user=bob).exists()
    assert SESSION_KEY in ann_page.session


def test_many_devices_cost_no_more_queries(ann_page, ann, django_assert_max_num_queries):
    def queries():
        with django_assert_max_num_queries(30) as found:
            assert ann_page.get(url("devices")).status_code == 200
        return len(found)

    AuthToken.objects.issue(ann)
    one = queries()
    for _ in range(10):
        AuthToken.objects.issue(ann)
    assert queries() == one


# data


@pytest.mark.needs("chat")
def test_a_copy_of_everything(ann_page, ann, bob, chat):
    city = City.objects.create(name="Lisbon")
    chess = Interest.objects.create(name="Chess")
    Profile.objects.change(ann, city=city, about="Up early.", interests=[chess.pk])
    _token, key = AuthToken.objects.issue(ann, "Phone")
    EmailToken.objects.issue(ann, Purpose.RESET, "ann@example.com", timedelta(hours=1))
    assert "Get the file" in text_of(ann_page.get(url("data")))
    answer = ann_page.get(url("data-export"))
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.json"'
    data = json.loads(answer.content)
    own = data["find_friend_accounts"]
    assert own["email"] == "ann@example.com"
    assert own["profile"]["city"] == "Lisbon"
    assert own["profile"]["interests"] == ["Chess"]
    assert own["devices"][0]["device"] == "Phone"
    assert own["mailed_links"][0]["purpose"] == "reset"
    assert key not in answer.content.decode()
    assert "bob@example.com" not in answer.content.decode()
    assert set(data) == {f"find_friend_{app}" for app in {"accounts", "friends", "chat"} - set(left_out())}


def test_a_copy_of_little(ann_page):
    own = ann_page.get(url("data-export")).json()["find_friend_accounts"]
    assert own["profile"] is None
    assert own["devices"] == own["mailed_links"] == []


def test_deleting_the_account(ann_page, ann):
    shown = text_of(ann_page.get(url("delete")))
    assert "This cannot be undone." in shown
    wrong = ann_page.post(url("delete"), {"current_password": "wrong"})
    assert wrong.context["form"].errors == {"current_password": ["Wrong password."]}
    assert get_user_model()._default_manager.filter(pk=ann.pk).exists()
    answer = ann_page.post(url("delete"), {"current_password": PASSWORD}, follow=True)
    assert "Your account is deleted." in text_of(answer)
    assert not get_user_model()._default_manager.filter(pk=ann.pk).exists()
    assert SESSION_KEY not in ann_page.session


def test_guests_get_no_further_than_the_door(page):
    names = ("profile", "picture", "email", "password", "devices", "data", "data-export", "delete", "people")
    for name in names:
        assert page().get(url(name))["Location"] == f"{url('sign-in')}?next={url(name)}"
    assert page().post(url("devices-end")).status_code == 302


def test_a_verified_address_is_dated(ann_page, ann):
    EmailAddress.objects.verify(ann)
    assert ann_page.get(url("data-export")).json()["find_friend_accounts"]["email_verified_at"]


KEPT = re.compile(r"<[^>]+>|Ann|Archer|ann@example.com|JPEG|PNG|WebP|English|\bor\b")


def test_pages_in_russian(page, ann):
    client = page(ann, headers={"accept-language": "ru"})
    for name in ("profile", "picture", "email", "password", "devices", "data", "delete", "people"):
        words = KEPT.sub("", text_of(client.get(url(name))))
        assert re.findall(r"[A-Za-z]{3,}", words) == [], name
