import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client, override_settings
from django.urls import clear_url_caches, reverse
from django.utils.html import escape

from find_friend.accounts.admin import EmailUserAdmin, ProfileAdmin
from find_friend.accounts.models import AuthToken, City, EmailAddress, Interest, Profile
from tests.conftest import PASSWORD
from tests.desk import costs, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(staff):
    browser = Client()
    browser.force_login(staff)
    return browser


@pytest.fixture
def user_admin(has_user_name):
    """Our admin of users at the address where the site's own would be."""
    if has_user_name:
        pytest.skip("the user model of this project is not made from AbstractEmailUser")
    admin.site.register(get_user_model(), EmailUserAdmin)
    clear_url_caches()
    yield
    admin.site.unregister(get_user_model())
    clear_url_caches()


@pytest.fixture
def rows(ann):
    city, chess = City.objects.create(name="Орёл"), Interest.objects.create(name="Chess")
    profile = Profile.objects.create(user=ann, city=city)
    profile.interests.add(chess)
    token = AuthToken.objects.issue(ann, "Phone")[0]
    return {City: city, Interest: chess, Profile: profile, AuthToken: token, EmailAddress: ann.find_friend_email}


@pytest.mark.parametrize("model", [City, Interest, Profile, AuthToken, EmailAddress])
class TestPages:
    def test_open(self, browser, rows, model):
        assert browser.get(page(model, "changelist"), {"q": "ann"}).status_code == 200
        html = browser.get(page(model, "change", rows[model].pk)).content.decode()
        token = rows[AuthToken]
        assert token.digest not in html
        assert token.fingerprint not in html

    def test_never_count_everything(self, browser, rows, model, django_assert_max_num_queries):
        with django_assert_max_num_queries(8) as queries:
            browser.get(page(model, "changelist"))
        assert not [query for query in queries.captured_queries if "COUNT(" in query["sql"]]


@pytest.mark.parametrize("model", [City, Interest, Profile, AuthToken, EmailAddress])
def test_pages_cost_the_same_for_many_rows(browser, user_factory, model):
    def add(*numbers):
        for number in numbers:
            user = user_factory()
            city, topic = City.objects.create(name=f"Town {number}"), Interest.objects.create(name=f"Topic {number}")
            Profile.objects.create(user=user, city=city).interests.add(topic)
            AuthToken.objects.issue(user, "Phone")

    word = {City: "town", Interest: "topic"}.get(model, "person")
    add(0, 1)
    few = costs(browser, model, word)
    add(*range(2, 20))
    assert costs(browser, model, word) == few


@pytest.mark.parametrize("name", ["change", "delete", "history"])
def test_a_page_says_whose_row_it_is(browser, rows, ann, name):
    for model, title in ((Profile, f"Ann Archer ({ann.pk})"), (AuthToken, "Phone")):
        shown = browser.get(page(model, name, rows[model].pk)).content.decode()
        assert escape(title) in shown
        assert name == "history" or escape(ann.get_username()) in shown


@pytest.mark.parametrize("model", [AuthToken, EmailAddress])
def test_what_only_the_program_writes(browser, rows, model):
    assert browser.get(page(model, "add")).status_code == 403
    before = model.objects.values().get(pk=rows[model].pk)
    assert browser.post(page(model, "change", rows[model].pk), {"device": "x", "email": "x"}).status_code == 403
    assert model.objects.values().get(pk=rows[model].pk) == before


def test_search(browser, rows, bob):
    for model, text, found in [
        (City, "орел", 1),
        (City, "рел", 0),
        (Interest, "CHE", 1),
        (EmailAddress, "ann@", 1),
        (AuthToken, "ann@", 1),
        (AuthToken, "bob@", 0),
        (Profile, "ann@", 1),
    ]:
        answer = browser.get(page(model, "changelist"), {"q": text})
        assert answer.context["cl"].result_count == found, (model, text)
    answer = browser.get(
        reverse("admin:autocomplete"),
        {"term": "ОР", "app_label": "find_friend_accounts", "model_name": "profile", "field_name": "city"},
    )
    assert [result["text"] for result in answer.json()["results"]] == ["Орёл"]


@pytest.mark.parametrize("bulk", [True, False])
def test_deleting_tokens_signs_out(browser, rows, ann, heard, bulk, django_capture_on_commit_callbacks):
    token = rows[AuthToken]
    with django_capture_on_commit_callbacks(execute=True):
        if bulk:
            body = {"action": "delete_selected", "_selected_action": [str(token.pk)], "post": "yes"}
            browser.post(page(AuthToken, "changelist"), body)
        else:
            browser.post(page(AuthToken, "delete", token.pk), {"post": "yes"})
    assert not AuthToken.objects.exists()
    assert heard == [ann.pk]


def test_removing_pictures(browser, rows, settings, tmp_path, django_capture_on_commit_callbacks):
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "a.webp").write_bytes(b"x")
    Profile.objects.update(avatar="a.webp")
    body = {"action": "remove_avatar", "_selected_action": [rows[Profile].pk]}
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(page(Profile, "changelist"), body)
    assert Profile.objects.get().avatar == ""
    assert not list(tmp_path.iterdir())


def test_editing_a_profile(browser, rows, ann, bob):
    body = {"user": ann.pk, "birthday": "1990-01-01", "city": rows[City].pk, "interests": [], "sex": "female"}
    assert browser.post(page(Profile, "change", rows[Profile].pk), body).status_code == 302
    assert str(Profile.objects.get().birthday) == "1990-01-01"
    answer = browser.post(page(Profile, "change", rows[Profile].pk), {**body, "birthday": "2999-01-01"})
    assert answer.context["adminform"].errors.keys() == {"birthday"}


class TestAccounts:
    """Profiles block users and sign them out where the site's admin of its users cannot."""

    def button(self, ann, name):
        return f"{page(Profile)}{ann.find_friend_profile.pk}/account/{name}/"

    @pytest.fixture
    def no_desk(self, has_user_name):
        if not has_user_name:
            pytest.skip("the admin of users is the one of the package")

    def test_buttons(self, browser, rows, api, ann, staff, no_desk):
        client = api(ann)
        assert self.button(ann, "block") in browser.get(page(Profile, "change", rows[Profile].pk)).content.decode()
        assert client.get("/api/v1/users/me/").status_code == 200
        assert browser.post(self.button(ann, "block"), {"confirmed": "yes"}).status_code == 302
        assert client.get("/api/v1/users/me/").status_code == 401
        ann.refresh_from_db()
        assert not ann.is_active
        entry = LogEntry.objects.get()
        assert (entry.user, entry.get_edited_object(), entry.change_message) == (staff, ann, "Blocked.")
        assert browser.get(page(Profile), {"user__is_active__exact": "0"}).context["cl"].result_count == 1
        assert browser.get(page(Profile), {"user__is_active__exact": "1"}).context["cl"].result_count == 0
        browser.post(self.button(ann, "unblock"), {"confirmed": "yes"})
        ann.refresh_from_db()
        assert ann.is_active
        assert client.get("/api/v1/users/me/").status_code == 401, "the old token stays dead"

    def test_actions(self, browser, rows, api, ann, no_desk):
        client = api(ann)
        body = {"action": "end_sessions", "_selected_action": [rows[Profile].pk], "confirmed": "yes"}
        assert browser.post(page(Profile), body).status_code == 302
        assert client.get("/api/v1/users/me/").status_code == 401

    def test_who_may_change_profiles_may_not_block_users(self, rows, ann, user_factory):
        helper, browser = user_factory(is_staff=True), Client()
        helper.user_permissions.set(Permission.objects.filter(codename="change_profile"))
        browser.force_login(helper)
        shown = browser.get(page(Profile, "change", rows[Profile].pk)).content.decode()
        assert 'name="_save"' in shown
        assert "/account/" not in shown
        assert browser.post(self.button(ann, "block"), {"confirmed": "yes"}).status_code == 403

    def test_without_an_admin_of_users_the_permission_decides(self, rf, staff, user_factory):
        desk, request = ProfileAdmin(Profile, admin.AdminSite("other")), rf.get("/")
        request.user = staff
        assert desk.has_account_permission(request)
        request.user = user_factory(is_staff=True)
        assert not desk.has_account_permission(request)

    def test_it_is_left_to_an_admin_of_users_that_can(self, browser, rows, ann, user_admin):
        with override_settings(ROOT_URLCONF="tests.apps.accounts.admin_urls"):
            shown = browser.get(page(Profile, "change", rows[Profile].pk)).content.decode()
            assert "/account/" not in shown
            assert browser.post(self.button(ann, "block"), {"confirmed": "yes"}).status_code == 403

    def test_users_who_cannot_be_blocked(self, rf, staff, settings):
        settings.AUTH_USER_MODEL = "auth.Group"
        desk, request = ProfileAdmin(Profile, admin.site), rf.get("/")
        request.user = staff
        assert "is_active" not in desk.get_list_display(request)
        assert "user__is_active" not in desk.get_list_filter(request)


class TestUsers:
    """The reusable admin for models made from AbstractEmailUser."""

    def make(self):
        return EmailUserAdmin(get_user_model(), admin.site)

    def test_adding(self, rf, staff, mailoutbox):
        request = rf.get("/")
        request.user = staff
        form_class = self.make().get_form(request, None)
        body = {"email": "New@Example.com", "first_name": "Ann", "last_name": "B"}
        body |= {"username": "new"} if get_user_model().USERNAME_FIELD != "email" else {}
        good = form_class({**body, "password1": PASSWORD, "password2": PASSWORD})
        assert good.is_valid(), good.errors
        user = good.save()
        assert user.check_password(PASSWORD)
        assert EmailAddress.objects.user_for("new@example.com") == user
        for first, second, field in [("a", "b", "password2"), ("123", "123", "password2")]:
            bad = form_class({**body, "email": "x@example.com", "password1": first, "password2": second})
            assert field in bad.errors
        other = form_class({**body, "email": "third@example.com", "password1": PASSWORD, "password2": PASSWORD})
        assert other.is_valid()
        other.save(commit=False)
        assert not get_user_model().objects.filter(email="third@example.com").exists()

    def test_pages_cost_the_same_for_many_users(self, browser, user_admin, user_factory):
        def add(number):
            for _ in range(number):
                user = user_factory()
                Profile.objects.create(user=user)
                AuthToken.objects.issue(user, "Phone")
            return user

        with override_settings(ROOT_URLCONF="tests.apps.accounts.admin_urls"):
            one = add(2)
            few = costs(browser, get_user_model(), "person", pk=one.pk)
            add(18)
            assert costs(browser, get_user_model(), "person", pk=one.pk) == few

    def test_in_the_browser(self, browser, user_admin, ann):
        model = get_user_model()
        urls = {name: f"/admin/{model._meta.app_label}/{model._meta.model_name}/{name}" for name in ("", "add/")}
        with override_settings(ROOT_URLCONF="tests.apps.accounts.admin_urls"):
            assert browser.get(urls[""], {"q": "ann@"}).status_code == 200
            body = {"email": "ANN@example.com", "password1": PASSWORD, "password2": PASSWORD}
            taken = browser.post(urls["add/"], body)
            assert taken.context["adminform"].errors.keys() == {"email"}
            body["email"] = "fresh@example.com"
            assert browser.post(urls["add/"], body).status_code == 302
            change = f"{urls['']}{ann.pk}/change/"
            assert browser.get(change).status_code == 200
            password = f"{urls['']}{ann.pk}/password/"
            fields = {"password1": "a whole new phrase", "password2": "a whole new phrase"}
            key = AuthToken.objects.issue(ann)[1]
            assert browser.post(password, fields).status_code == 302
            assert AuthToken.objects.for_key(key) is None
            assert browser.post(change, {"email": "ann@example.com", "first_name": "A"}).status_code == 302
            ann.refresh_from_db()
            assert not ann.is_active


def test_a_password_changed_in_the_admin_ends_tokens(browser, api, ann):
    if not admin.site.is_registered(get_user_model()):
        pytest.skip("this site has no admin of its users")
    client = api(ann)
    url = reverse("admin:auth_user_password_change", args=[ann.pk])
    fields = {"password1": "a whole new phrase", "password2": "a whole new phrase", "usable_password": "true"}
    assert browser.post(url, fields).status_code == 302
    assert client.get("/api/v1/users/me/").status_code == 401
