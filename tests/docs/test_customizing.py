"""The examples of the pages about customizing are put into a site as they stand, and have the effect they promise."""

import copy
import importlib
import io
import re
import sys
from itertools import pairwise
from types import ModuleType, SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from channels.db import database_sync_to_async as in_thread
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.module_loading import import_string
from PIL import Image

from find_friend import checks
from find_friend.accounts import mail
from find_friend.accounts.models import AuthToken, City, EmailToken, Profile, Purpose
from find_friend.chat.models import Message
from find_friend.conf import DEFINITIONS
from find_friend.friends.models import Block, FriendRequest
from find_friend.friends.policies import FriendsPolicy
from find_friend.kinds import ClassPath, ClassPaths
from find_friend.policies import policy
from tests.apps.chat.drafts import eventually
from tests.docs import pages

API = "/api/v1/"
PAGES = [name for name in pages.every_page() if name.startswith("customizing")]
run = set()  # every example that some test of this module stands for


def example(page, heading):
    """Marks a test that is run in a site with the code blocks under that heading."""
    run.add((f"{page}.md", heading))
    return pytest.mark.parametrize("site", [(f"{page}.md", heading)], indirect=True, ids=[heading])


def parts(page):
    """Every heading of a page with what stands directly below it."""
    text = pages.read(page)
    plain = pages.FENCE.sub(lambda match: re.sub(r"^#", "·", match[0], flags=re.MULTILINE), text)
    starts = list(re.finditer(r"^#+ (.+)$", plain, re.MULTILINE))
    ends = [second.start() for _first, second in pairwise(starts)] + [len(text)]
    return {match[1]: text[match.end() : end] for match, end in zip(starts, ends, strict=True)}


@pytest.fixture
def site(request, tmp_path, monkeypatch, settings):
    """A site that has followed a part of a page; the modules that it has written, by name."""
    page, heading = request.param
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    modules = []
    for block in pages.blocks(parts(page)[heading], "python", "django"):
        if block.file:
            path = tmp_path / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            if path.suffix == ".py":
                modules.append(".".join(path.relative_to(tmp_path).with_suffix("").parts))
        else:
            follow(block.text, settings, tmp_path)
    assert checks.check_settings(None) == []
    yield {name.rpartition(".")[2]: importlib.import_module(name) for name in modules}
    for name in [name for name in sys.modules if name.partition(".")[0] == "myproject"]:
        del sys.modules[name]


def follow(text, settings, folder):
    """Run a block of a settings module; what stands in FIND_FRIEND already stays."""
    names = {"BASE_DIR": folder, "TEMPLATES": copy.deepcopy(settings.TEMPLATES)}
    exec(compile(text, "settings.py", "exec"), names)
    names["FIND_FRIEND"] = {**settings.FIND_FRIEND, **names.get("FIND_FRIEND", {})}
    for name, value in names.items():
        if name.isupper() and name != "BASE_DIR":
            setattr(settings, name, value)


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    def call(function, *args, **kwargs):
        with django_capture_on_commit_callbacks(execute=True):
            return function(*args, **kwargs)

    return call


def test_every_example_is_run():
    printed = {
        (page, heading)
        for page in PAGES
        for heading, text in parts(page).items()
        if "FIND_FRIEND = " in text or any(block.file for block in pages.blocks(text, "python"))
    }
    assert printed <= run
    assert all(heading in parts(page) for page, heading in run)


def test_what_can_be_swapped_is_on_the_page_and_the_other_way_round():
    rows = pages.rows(pages.read("customizing.md"))
    listed = {pages.code(row[1])[0]: row[2] for row in rows if pages.code(row[1])}
    paths = {name for name, setting in DEFINITIONS.items() if isinstance(setting, (ClassPath, ClassPaths))}
    assert listed.keys() == paths | {"SERIALIZERS", "LINKS", "AVATAR_STORAGE"}
    for name, places in listed.items():
        shown = re.findall(r"\]\(([\w/]+)\.md\)", places) or ["customizing"]
        for page in shown:
            assert re.search(rf'FIND_FRIEND = {{\s*"{name}"', pages.read(f"{page}.md")), (name, page)


def test_what_settings_are_made_from_is_there():
    for row in pages.rows(pages.section(pages.read("reference/python.md"), "For settings of yours")):
        names = pages.code(row[0])
        assert names
        for name in names:
            assert callable(import_string(name)), name


# the policy


@pytest.fixture
def cities(ann, bob, chat):
    """Ann and Bob live in one city; another one is there to move to."""
    here, there = City.objects.create(name="Lisbon"), City.objects.create(name="Porto")
    Profile.objects.create(user=ann, city=here)
    Profile.objects.create(user=bob, city=here)
    return there


@pytest.mark.django_db
@example("customizing", "Who may do what: the policy")
def test_only_people_of_one_city_write_to_each_other(chat, cities, site, api, ann, bob):
    messages = f"{API}chats/{chat.pk}/messages/"
    assert api(ann).post(messages, {"text": "hello"}).status_code == 201
    Profile.objects.filter(user=bob).update(city=cities)
    assert api(ann).post(messages, {"text": "hello"}).json()["code"] == "post_not_allowed"
    Profile.objects.update(city=None)
    assert api(ann).post(messages, {"text": "hello"}).json()["code"] == "post_not_allowed"


class Shy(FriendsPolicy):
    """Hides one more user, and shows everybody else, those included whom visible_users hides."""

    def may_see(self, user, other):
        return other.first_name != "Eve"


@pytest.mark.django_db
def test_one_answer_narrows_the_lists_of_the_package_and_not_those_of_the_site(configure, api, ann, bob, eve):
    assert (
        "take what it finds and ask `may_see` about each row" in parts("customizing.md")["One answer, and one for many"]
    )
    configure(POLICY=f"{__name__}.Shy")
    Block.objects.block(by=bob, user=ann)
    FriendRequest.objects.send(by=eve, to=ann)
    client = api(ann)
    assert client.get(f"{API}users/").json()["results"] == []
    assert client.get(f"{API}friend-requests/").json()["results"] == []
    assert [row.from_user for row in FriendRequest.objects.incoming(ann)] == [eve]
    assert list(policy().visible_users(get_user_model().objects.exclude(pk=ann.pk), ann)) == [eve]


@pytest.mark.django_db(transaction=True)
@example("customizing", "Policies in bulk")
async def test_the_policy_answers_sockets_in_bulk(chat, cities, site, chat_socket, ann, bob, monkeypatch):
    asked, single = [], site["rules"].SameCity.may_message
    monkeypatch.setattr(site["rules"].SameCity, "may_message", lambda *pair: asked.append(pair) or single(*pair))
    async with chat_socket(chat, ann) as socket:
        asked.clear()
        await socket.post("hello")
        assert (await socket.next())["text"] == "hello"
        assert asked == [], "a batch is decided by conditions"
        await in_thread(Profile.objects.filter(user=bob).update)(city=cities)
        await socket.post("hello?")
        assert await socket.closed() == 4403
    assert await in_thread(Message.objects.count)() == 1


class SameCity(FriendsPolicy):
    def may_message(self, user, other):
        lived_in = Profile.objects.filter(user__in=[user.pk, other.pk]).values_list("city", flat=True)
        return super().may_message(user, other) and len(set(lived_in)) == 1


@pytest.mark.django_db(transaction=True)
@example("customizing", "Rights that end")
async def test_a_right_that_ends_closes_the_socket(site, configure, chat_socket, chat, ann, bob, cities):
    configure(POLICY=f"{__name__}.SameCity")
    async with chat_socket(chat, ann) as socket:
        await in_thread(site["moving"].move)(bob, cities)
        assert await socket.closed() == 4403


# people


@pytest.mark.django_db
@example("customizing/people", "The user card")
def test_cards_show_badges(site, api, ann, user_factory):
    organizers = Group.objects.create(name="organizers")
    counts = []
    for count in (1, 4):
        for _ in range(count):
            user_factory().groups.add(organizers)
        client = api(ann)
        with CaptureQueriesContext(connection) as queries:
            found = client.get(f"{API}users/").json()["results"]
        assert {tuple(card["badges"]) for card in found} == {("organizers",)}
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db
@example("customizing/people", "Filters of people search")
def test_people_are_found_by_occupation(site, api, ann, bob, eve):
    Profile.objects.create(user=bob, occupation="Baker")
    Profile.objects.create(user=eve, occupation="Spy")
    for query, expected in [({"occupation": "baker"}, ["Bob"]), ({}, ["Eve", "Bob"]), ({"search": "e"}, ["Eve"])]:
        found = api(ann).get(f"{API}users/", query).json()["results"]
        assert [card["first_name"] for card in found] == expected
    assert list(api(ann).get(f"{API}users/", {"occupation": "x" * 151}).json()) == ["occupation"]


def upload(client, side):
    content = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(content, "PNG")
    picture = SimpleUploadedFile("me.png", content.getvalue(), "image/png")
    return client.patch(f"{API}users/me/", {"avatar": picture}, format="multipart")


@pytest.mark.django_db
@example("customizing/people", "Where avatars are kept")
def test_avatars_go_into_their_own_storage(site, api, ann, tmp_path):
    url = upload(api(ann), 10).json()["avatar"]
    assert url.startswith("https://avatars.example.com/find_friend/avatars/")
    assert (tmp_path / "avatars" / Profile.objects.get().avatar.name).exists()


@pytest.mark.django_db
@example("customizing/people", "Which avatars are taken")
def test_small_avatars_are_refused(site, api, ann, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    assert upload(api(ann), 199).json() == {"avatar": ["This picture is too small."]}
    assert upload(api(ann), 200).status_code == 200


# messages

CARD = "4111 1111 1111 1111"


@pytest.mark.django_db(transaction=True)
@example("customizing/messages", "What people may write")
async def test_texts_are_refused_rewritten_and_flagged(site, settings, chat_socket, api, chat, ann, bob, mailoutbox):
    settings.MANAGERS = ["moderation@example.com"]
    messages = f"{API}chats/{chat.pk}/messages/"
    client = await in_thread(api)(bob)
    refused = await in_thread(client.post)(messages, {"text": "http://example.com"})
    assert (refused.status_code, refused.json()["detail"]) == (400, "Links have to begin with https.")
    async with chat_socket(chat, ann) as socket:
        await socket.post("http://example.com")
        await socket.post(f"Mine is {CARD}!")
        assert (await socket.next())["text"] == "Mine is [number removed]!"
        assert (await in_thread(client.post)(messages, {"text": f"Gift card {CARD}"})).status_code == 201
        assert (await socket.next())["text"] == "Gift card [number removed]"
        await socket.post("a gift card")
        assert (await socket.next())["text"] == "a gift card"
        await eventually(lambda: len(mailoutbox) == 2)
    chats = [re.fullmatch(r"Message \d+ in chat (\d+): money", mail.body)[1] for mail in mailoutbox]
    assert chats == [str(chat.pk)] * 2
    assert await in_thread(Message.objects.count)() == 3


@pytest.mark.django_db(transaction=True)
@example("customizing/messages", "What a message looks like")
async def test_messages_count_their_words(site, chat_socket, api, chat, ann, bob):
    client = await in_thread(api)(bob)
    async with chat_socket(chat, ann, subprotocols=["ff.chat.v1"]) as socket:
        made = await in_thread(client.post)(f"{API}chats/{chat.pk}/messages/", {"text": "one two three"})
        assert made.json()["words"] == 3
        while (frame := await socket.next())["type"] != "msg":
            pass
        assert frame["words"] == 3


# endpoints


@pytest.mark.django_db(transaction=True)
@example("customizing/endpoints", "Who is asking: authentication")
async def test_bearers_are_let_in(site, client, open_socket, chat, ann):
    _token, key = await in_thread(AuthToken.objects.issue)(ann)
    for word, status in [("Bearer", 200), ("Token", 401)]:
        header = f"{word} {key}"
        answer = await in_thread(client.get)(f"{API}users/me/", headers={"authorization": header})
        assert answer.status_code == status
        handshake = [(b"authorization", header.encode())]
        async with open_socket(f"/ws/chat/{chat.pk}/", handshake) as (_socket, accepted):
            assert accepted is (status == 200)


@pytest.mark.django_db
@example("customizing/endpoints", "Permissions")
def test_terms_have_to_be_accepted(site, api, ann, client):
    refused = api(ann).get(f"{API}users/me/")
    assert (refused.status_code, refused.json()["code"]) == (403, "terms_not_accepted")
    ann.groups.add(Group.objects.create(name="accepted terms"))
    assert api(ann).get(f"{API}users/me/").status_code == 200
    assert client.post(f"{API}users/reset_password/", {"email": "x@example.com"}).status_code == 204


@pytest.mark.django_db
@example("customizing/endpoints", "Throttles")
def test_rates_are_changed_and_lifted(site, client):
    login = f"{API}auth/token/login/"
    answers = [client.post(login, {"email": f"{number}@example.com", "password": "x"}) for number in range(11)]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429]


@pytest.mark.django_db
@example("customizing/endpoints", "Throttles of your own")
def test_staff_are_never_told_to_wait(site, configure, api, ann, staff, client):
    configure(THROTTLE_RATES={"read": "1/day"})
    assert [api(ann).get(f"{API}cities/").status_code for _ in range(2)] == [200, 429]
    assert [api(staff).get(f"{API}cities/").status_code for _ in range(2)] == [200, 200]
    assert client.post(f"{API}users/reset_password/", {"email": "x@example.com"}).status_code == 204


@pytest.mark.django_db
@example("customizing/endpoints", "Pages")
def test_pages_have_numbers(site, api, ann, user_factory, befriend):
    people = [user_factory() for _ in range(5)]
    for person in people:
        befriend(ann, person)
    for path in ("users/", "friends/"):
        page = api(ann).get(f"{API}{path}", {"page": 2, "limit": 2}).json()
        assert (page["count"], len(page["results"])) == (5, 2)
    assert api(ann).get(f"{API}users/", {"page": 9}).json()["code"] == "not_found"


@pytest.mark.django_db
@example("customizing/endpoints", "Views")
def test_a_view_of_the_site_stands_before_ours(site, settings, api, ann, bob, eve, befriend):
    befriend(ann, bob)
    befriend(ann, eve)
    client, address = api(ann), reverse("find_friend_friends:friend-list")

    def shown():
        return [friend["first_name"] for friend in client.get(address).json()["results"]]

    assert shown() == ["Eve", "Bob"]
    settings.ROOT_URLCONF = site["urls"]
    assert reverse("find_friend_friends:friend-list") == address
    assert shown() == ["Bob", "Eve"]


# mails


@pytest.mark.django_db
@example("customizing/mails", "Texts")
def test_a_template_of_the_site_wins(site, commit, ann, mailoutbox):
    commit(mail.send_link, ann, Purpose.VERIFY, ann.email)
    assert mailoutbox[0].subject == "Welcome to Example, please confirm your address"


@pytest.mark.django_db
@example("customizing/mails", "Links to a front end")
def test_links_lead_to_a_front_end(site, commit, client, ann, staff, mailoutbox):
    for user, purpose, page in [
        (ann, Purpose.RESET, "https://app.example.com/reset"),
        (ann, Purpose.VERIFY, "https://app.example.com/verify"),
        (staff, Purpose.VERIFY, "https://staff.example.com/verify"),
    ]:
        commit(mail.send_link, user, purpose, user.email)
        link = re.search(rf"^{re.escape(page)}\?\S+$", mailoutbox[-1].body, re.MULTILINE)[0]
    carried = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    assert carried["uid"] == str(EmailToken.objects.get(user=staff).pk)
    assert client.post(f"{API}users/verify_email/", carried).status_code == 204


@pytest.mark.django_db
@example("customizing/mails", "How mails leave")
def test_mails_leave_another_way(site, commit, ann, mailoutbox):
    commit(mail.send_link, ann, Purpose.VERIFY, ann.email)
    assert mailoutbox[0].reply_to == ["help@example.com"]


@pytest.fixture
def queue(monkeypatch):
    """What the page's task was given; Celery itself is not installed."""
    queued = []
    celery = ModuleType("celery")
    celery.shared_task = lambda function: SimpleNamespace(run=function, delay=lambda *given: queued.append(given))
    monkeypatch.setitem(sys.modules, "celery", celery)
    return queued


@pytest.mark.django_db
@example("customizing/mails", "Through a task queue")
def test_mails_leave_through_a_queue(queue, site, commit, ann, mailoutbox):
    commit(mail.send_link, ann, Purpose.VERIFY, ann.email)
    assert mailoutbox == []
    site["queued"].send.run(*queue.pop())
    assert mailoutbox[0].to == [ann.email]
    assert str(EmailToken.objects.get(user=ann).pk) in mailoutbox[0].body
