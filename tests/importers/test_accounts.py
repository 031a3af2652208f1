"""Users and tokens out of databases that other packages made."""

from datetime import date, timedelta

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth import get_user_model
from django.core.management import CommandError
from django.utils import timezone

from find_friend.accounts.models import AuthToken, City, Interest, Profile
from find_friend.chat.models import Chat
from find_friend.users import has_field
from tests.conftest import PASSWORD
from tests.docs import pages
from tests.importers.stopping import stop_after

pytestmark = pytest.mark.django_db

ORIGINAL = ("accounts", "find-friend-backend")
TOKENS = ("accounts", "authtoken", "--match=email")
LEGACY = "find_friend.accounts.authentication.LegacyTokenAuthentication"
ME = "/api/v1/users/me/"


# users of the original


def user(address):
    return get_user_model().objects.get(email=address)


def everything():
    people = list(Profile.objects.order_by("pk").values_list("user__email", "city__name", "interests__name"))
    return people, get_user_model().objects.count(), Interest.objects.count(), City.objects.count()


def test_people_come_with_their_profiles(old, run):
    old("find_friend_backend")
    run(*ORIGINAL)
    profile = user("anna@example.com").find_friend_profile
    assert (profile.birthday, profile.city.name, profile.sex) == (date(2000, 3, 15), "Казань", "female")
    assert (profile.occupation, profile.purpose, profile.about) == ("художник", "Найти друзей", "Рисую")
    assert sorted(profile.interests.values_list("name", flat=True)) == ["Linux", "Шахматы"]
    assert profile.user.first_name == "Анна"
    vasily = user("vasily@example.com")
    assert vasily.find_friend_profile.avatar.name == "images/user/images/user/vasily_resized.png"
    assert vasily.find_friend_profile.city is None
    assert not user("maria@example.com").is_active
    assert user("root@example.com").is_superuser


def test_people_sign_in_with_the_passwords_they_have(old, run, api):
    old("find_friend_backend")
    run(*ORIGINAL)
    key = api().post("/api/v1/auth/token/login/", {"email": "Vasily@Example.com", "password": PASSWORD}).json()
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key['auth_token']}")
    assert client.get(ME).json()["first_name"] == "Василий"


def test_what_is_left_out_is_told_with_its_reason(old, run):
    connection = old("find_friend_backend")
    connection.execute("UPDATE users_user SET email = '' WHERE email = 'oleg@example.com'")
    assert run(*ORIGINAL) == [
        "interests: 4 read, 2 added, 1 there already",
        "  1 skipped: a name that is empty or too long (4)",
        "cities: 2 read, 2 added, 0 there already",
        "users: 7 read, 5 added, 0 there already",
        "  1 skipped: no address (6)",
        "  1 skipped: an address that somebody else has too (7)",
        "profiles: 7 read, 5 added, 0 there already",
        "  2 skipped: a user who is not here (6, 7)",
    ]


def test_who_is_here_already_gets_what_is_missing_and_keeps_the_rest(old, run, user_factory):
    old("find_friend_backend")
    anna = user_factory(email="anna@example.com", first_name="Another")
    vasily = user_factory(email="vasily@example.com")
    Profile.objects.create(user=vasily, occupation="baker")
    City.objects.create(name="казань", population=1)
    City.objects.create(name="Казань", population=1_000_000, country="RU")
    said = run(*ORIGINAL)
    assert "users: 7 read, 4 added, 2 there already" in said
    assert "profiles: 7 read, 5 added, 1 there already" in said
    anna.refresh_from_db()
    assert anna.first_name == "Another"
    assert anna.find_friend_profile.city.country == "RU"
    assert [profile.occupation for profile in Profile.objects.filter(user=vasily)] == ["baker"]
    assert vasily.find_friend_profile.interests.count() == 0


def test_of_two_users_with_one_address_nobody_is_meant(old, run, user_factory):
    if not has_field("username"):
        pytest.skip("addresses are unique on this site")
    old("find_friend_backend")
    user_factory(email="Ivan@example.com")
    user_factory(email="IVAN@example.com")
    assert "  2 skipped: an address that somebody else has too (4, 7)" in run(*ORIGINAL)


@pytest.mark.parametrize("size", [1, 2, 500])
def test_the_size_of_batches_changes_nothing_and_a_second_run_adds_nothing(old, run, size):
    old("find_friend_backend")
    run(*ORIGINAL, f"--batch-size={size}")
    first = everything()
    assert first[1:] == (6, 2, 2)
    again = run(*ORIGINAL, f"--batch-size={size}")
    assert everything() == first
    assert [line for line in again if " 0 added" not in line and "skipped" not in line] == []


def test_a_dry_run_tells_what_a_run_does_and_changes_nothing(old, run):
    old("find_friend_backend")
    said = run(*ORIGINAL, "--dry-run", "--batch-size=2")
    assert everything() == ([], 0, 0, 0)
    assert [line.replace("to add", "added") for line in said[1:]] == run(*ORIGINAL, "--batch-size=2")


def test_an_interrupted_run_goes_on(old, run):
    old("find_friend_backend")
    with stop_after(Profile, 1), pytest.raises(KeyboardInterrupt):
        run(*ORIGINAL, "--batch-size=2")
    assert Profile.objects.count() == 2
    run(*ORIGINAL, "--batch-size=2")
    assert (Profile.objects.count(), Profile.interests.through.objects.count()) == (6, 3)


def test_users_of_the_original_are_not_found_by_key(old, run):
    old("find_friend_backend")
    with pytest.raises(CommandError, match="by e-mail address, not by key"):
        run(*ORIGINAL, "--match=key")
    with pytest.raises(CommandError, match="--move is for authtoken"):
        run(*ORIGINAL, "--move")


# tokens


@pytest.fixture
def site(old, people):
    """A site that everybody of the dump has come to, but one who was called gone."""
    return old("authtoken"), people("ann", "bob", "eve", "dan")


@pytest.fixture
def legacy(settings):
    """The settings that the page tells to write."""
    (block,) = pages.blocks(pages.section(pages.read("moving-in.md"), "Tokens"), "python")
    written = {}
    exec(block.text, written)
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, **written["REST_FRAMEWORK"]}


def old_key(connection, name):
    found = connection.execute(
        "SELECT key FROM authtoken_token JOIN auth_user ON auth_user.id = user_id WHERE username = ?", [name]
    )
    return found.fetchone()[0]


@pytest.fixture
def client_of(api, site):
    def client(name):
        made = api()
        made.credentials(HTTP_AUTHORIZATION=f"Token {old_key(site[0], name)}")
        return made

    return client


@pytest.mark.usefixtures("legacy")
def test_clients_go_on_with_the_keys_they_have(run, client_of):
    run(*TOKENS)
    assert client_of("ann").get(ME).json()["email"] == "ann@example.com"
    assert client_of("bob").get(ME).json()["email"] == "bob@example.com"


def test_without_the_class_for_old_keys_they_are_left_to_the_site(run, client_of):
    run(*TOKENS)
    assert client_of("ann").get(ME).status_code == 401


@pytest.fixture
def taken_over(transactional_db, site, run):
    run(*TOKENS)
    return old_key(site[0], "ann")


@pytest.mark.usefixtures("legacy")
@pytest.mark.django_db(transaction=True)
async def test_sockets_open_with_the_keys_they_have(taken_over, site, befriend, open_socket):
    ann, bob = site[1][:2]
    await database_sync_to_async(befriend)(ann, bob)
    chat, _new = await database_sync_to_async(Chat.objects.direct)(by=ann, to=bob)
    header = b"authorization", f"Token {taken_over}".encode()
    async with open_socket(f"/ws/chat/{chat.pk}/", [header]) as (socket, accepted):
        assert accepted
        await socket.post("Still here")
        assert (await socket.next())["text"] == "Still here"


@pytest.mark.usefixtures("legacy")
def test_the_description_knows_both_kinds_of_keys(client, capsys):
    answer = client.get("/swagger.json").json()
    assert answer["paths"][ME]["get"]["security"][:2] == [{"tokenAuth": []}, {"legacyTokenAuth": []}]
    assert answer["components"]["securitySchemes"]["legacyTokenAuth"]["name"] == "Authorization"
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("legacy")
def test_a_key_that_was_not_taken_over_is_refused(run, client_of, api):
    run(*TOKENS)
    assert client_of("gone").get(ME).json()["code"] == "invalid_token"
    assert client_of("dan").get(ME).json()["code"] == "not_authenticated"


@pytest.mark.usefixtures("legacy")
def test_signing_out_ends_an_old_key(run, client_of):
    run(*TOKENS)
    client = client_of("ann")
    assert client.post("/api/v1/auth/token/logout/").status_code == 204
    assert client.get(ME).status_code == 401


@pytest.mark.usefixtures("legacy")
def test_another_password_ends_an_old_key(site, run, client_of):
    run(*TOKENS)
    ann = site[1][0]
    ann.set_password("another horse battery")
    ann.save()
    assert client_of("ann").get(ME).status_code == 401


@pytest.mark.usefixtures("legacy")
def test_keys_of_ours_work_beside_them(site, run, api):
    run(*TOKENS)
    assert api(site[1][0]).get(ME).status_code == 200


def test_only_digests_are_stored_and_times_begin_now(site, run):
    run(*TOKENS)
    token = AuthToken.objects.get(user=site[1][0])
    assert old_key(site[0], "ann") not in str(vars(token))
    ((created,),) = site[0].execute("SELECT created FROM authtoken_token WHERE key = ?", [old_key(site[0], "ann")])
    assert token.created.strftime("%Y-%m-%d %H:%M:%S.%f") == created
    assert token.expires_at > timezone.now() + timedelta(days=179)


def test_what_is_left_out_is_told_without_a_key(site, run):
    eve = site[1][2]
    eve.is_active = False
    eve.save()
    assert sorted(run(*TOKENS))[:3] == [
        "  1 skipped: a key that rest_framework did not make (user 6)",
        "  1 skipped: a user who is not here (user 5)",
        "  1 skipped: an inactive user (user 4)",
    ]


AFTER = [
    f"The keys count once {LEGACY} is among the authentication classes.",
    "The old rows are still there: another run would bring back tokens that have ended since.",
    "rest_framework.authentication.TokenAuthentication still takes keys that have ended here: remove it.",
]


@pytest.mark.usefixtures("site")
def test_what_is_left_to_do_is_said(run, settings):
    assert [line for line in run(*TOKENS) if line in AFTER] == AFTER[:2]
    theirs = ["rest_framework.authentication.TokenAuthentication"]
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_AUTHENTICATION_CLASSES": [*theirs, LEGACY]}
    assert [line for line in run(*TOKENS) if line in AFTER] == [AFTER[2], AFTER[1]]
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_AUTHENTICATION_CLASSES": [LEGACY]}
    assert [line for line in run(*TOKENS, "--move") if line in AFTER] == []
    assert [line for line in run(*TOKENS, "--dry-run") if line in AFTER] == []


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("size", [1, 2, 500])
def test_tokens_are_taken_over_once(run, size):
    run(*TOKENS, f"--batch-size={size}")
    first = sorted(AuthToken.objects.values_list("pk", "digest"))
    assert len(first) == 3
    assert "tokens: 5 read, 0 added, 3 there already" in run(*TOKENS, f"--batch-size={size}")
    assert sorted(AuthToken.objects.values_list("pk", "digest")) == first


@pytest.mark.usefixtures("site")
def test_a_dry_run_takes_no_token(run):
    assert "tokens: 5 read, 3 to add, 0 there already" in run(*TOKENS, "--dry-run")
    assert not AuthToken.objects.exists()


def left_in(connection):
    return {row[0] for row in connection.execute("SELECT user_id FROM authtoken_token")}


def test_moved_tokens_never_come_back(site, run, django_capture_on_commit_callbacks):
    connection = site[0]
    with django_capture_on_commit_callbacks(execute=True):
        run(*TOKENS, "--dry-run", "--move")
    assert len(left_in(connection)) == 5
    with django_capture_on_commit_callbacks(execute=True):
        run(*TOKENS, "--move", "--batch-size=2")
    assert AuthToken.objects.count() == 3
    assert left_in(connection) == {5, 6}
    AuthToken.objects.all().delete()
    run(*TOKENS, "--move")
    assert not AuthToken.objects.exists()


def test_tokens_of_the_original(old, run, people):
    connection = old("find_friend_backend")
    people("anna", "vasily")
    assert "tokens: 2 read, 2 added, 0 there already" in run(*TOKENS, "--user-table=users_user")
    assert len(left_in(connection)) == 2
