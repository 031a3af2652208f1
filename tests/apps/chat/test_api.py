import datetime
import uuid

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from find_friend.chat.models import Chat, Message
from find_friend.friends.models import Block, Friendship

pytestmark = pytest.mark.django_db

START = "/api/v1/chats/start/"


def detail(chat, rest=""):
    return f"/api/v1/chats/{getattr(chat, 'pk', chat)}/{rest}"


@pytest.fixture
def ann_api(api, ann):
    return api(ann)


# starting


def test_guests_start_no_chats(api):
    answer = api().post(START, {"email": "bob@example.com"}, format="json")
    assert answer.status_code == 401


def test_a_chat_begins_with_a_friend(ann_api, ann, bob, befriend):
    befriend(ann, bob)
    answer = ann_api.post(START, {"email": " BOB@example.com"}, format="json")
    assert answer.status_code == 200
    chat = Chat.objects.get()
    assert answer.json() == {
        "id": chat.pk,
        "initiator": {
            "email": "ann@example.com",
            "first_name": "Ann",
            "last_name": "Archer",
            "age": None,
            "city": None,
        },
        "receiver": {"email": "bob@example.com", "first_name": "Bob", "last_name": "Baker", "age": None, "city": None},
        "chat_messages": [],
    }


@pytest.mark.parametrize("address", [START, START.rstrip("/")])
def test_an_existing_chat_is_redirected_to_whoever_asks(api, chat, ann, bob, address):
    for user, other in ((ann, bob), (bob, ann)):
        answer = api(user).post(address, {"email": other.email}, format="json")
        assert (answer.status_code, answer["Location"]) == (302, f"/api/v1/chats/{chat.pk}/")


def test_unknown_inactive_and_blocking_users_do_not_exist(ann_api, ann, bob, eve, befriend):
    befriend(ann, bob)
    befriend(ann, eve)
    Block.objects.block(by=bob, user=ann)
    eve.is_active = False
    eve.save()
    answers = [
        ann_api.post(START, {"email": email}, format="json")
        for email in ("nobody@example.com", "bob@example.com", "eve@example.com", "no address", "x" * 5000)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].json() == {
        "detail": "You cannot start a chat with a user who does not exist.",
        "code": "user_not_found",
    }


@pytest.mark.needs("friends")
def test_a_stranger_is_named(ann_api, bob):
    answer = ann_api.post(START, {"email": bob.email}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_friends")
    assert "Bob Baker" in answer.json()["detail"]


@pytest.mark.parametrize("body", [{}, {"email": ""}, {"email": None}, {"email": ["x"]}, {"email": "a\x00b"}])
def test_without_an_address_no_chat_starts(ann_api, body):
    answer = ann_api.post(START, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "email_required")


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_a_body_of_another_shape_is_a_bad_request(ann_api, body):
    assert ann_api.post(START, body, format="json").status_code == 400


def test_nobody_starts_a_chat_with_themselves(ann_api):
    answer = ann_api.post(START, {"email": "ann@example.com"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "self_chat")


def test_starting_is_limited(ann_api, configure):
    configure(THROTTLE_RATES={"chat_start": "2/hour"})
    codes = [ann_api.post(START, {"email": "nobody@example.com"}, format="json").status_code for _ in range(3)]
    assert codes == [404, 404, 429]


@pytest.mark.needs("accounts")
def test_an_address_may_have_to_be_confirmed_first(ann_api, configure):
    configure(EMAIL_VERIFICATION="required")
    answer = ann_api.get("/api/v1/chats/")
    assert (answer.status_code, answer.json()["code"]) == (403, "email_not_verified")


# looking


@pytest.mark.parametrize("slash", ["/", ""])
def test_members_see_the_newest_messages_first(api, chat, ann, bob, configure, slash):
    configure(CHAT_HISTORY_SIZE=2)
    messages = [chat.post(by=user, text=text) for user, text in ((ann, "1"), (bob, "2"), (ann, "3"))]
    answer = api(bob).get(f"/api/v1/chats/{chat.pk}{slash}")
    assert answer.status_code == 200
    shown = answer.json()["chat_messages"]
    assert [message["text"] for message in shown] == ["3", "2"]
    assert shown[0].keys() == {"id", "sender", "text", "timestamp"}
    assert (shown[0]["id"], shown[0]["sender"]) == (
        messages[2].pk,
        str(ann.pk) if isinstance(ann.pk, uuid.UUID) else ann.pk,
    )
    timestamp = parse_datetime(shown[0]["timestamp"])
    assert timestamp.utcoffset() == datetime.timedelta(hours=3)
    assert timestamp == Message.objects.get(pk=messages[2].pk).created


def test_thirty_messages_are_the_default(api, chat, ann):
    for number in range(31):
        chat.post(by=ann, text=str(number))
    assert len(api(ann).get(detail(chat)).json()["chat_messages"]) == 30


def test_times_have_an_offset_without_time_zone_support_too(api, chat, ann, settings):
    settings.USE_TZ = False
    Chat.objects.update(created=datetime.datetime(2024, 3, 21, 11, 7))
    (item,) = api(ann).get("/api/v1/chats/").json()
    assert item["start_time"] == "2024-03-21T11:07:00+03:00"


@pytest.mark.parametrize("key", ["0", "999999", "9" * 30, "abc", "-1", "1.5", "%00", "٣"])
@pytest.mark.parametrize(
    ("method", "rest"), [("get", ""), ("get", "messages/"), ("post", "messages/"), ("post", "read/")]
)
def test_a_chat_that_does_not_exist(ann_api, key, method, rest):
    answer = getattr(ann_api, method)(detail(key, rest))
    assert answer.status_code == 404
    assert answer.json() == {"detail": "There is no such chat.", "code": "chat_not_found"}


@pytest.mark.parametrize(
    ("method", "rest"), [("get", ""), ("get", "messages/"), ("post", "messages/"), ("post", "read/")]
)
def test_a_chat_of_others(api, chat, eve, method, rest):
    answer = getattr(api(eve), method)(detail(chat, rest), {"text": "x", "seq": 1}, format="json")
    assert answer.status_code == 403
    assert answer.json() == {"detail": "You may not view this chat.", "code": "not_member"}
    assert not Message.objects.exists()


def test_guests_are_told_to_sign_in(api, chat):
    guest = api()
    for method, address in (
        ("get", "/api/v1/chats/"),
        ("get", detail(chat)),
        ("get", detail(chat, "messages/")),
        ("post", detail(chat, "messages/")),
        ("post", detail(chat, "read/")),
        ("post", "/api/v1/auth/ws-ticket/"),
    ):
        answer = getattr(guest, method)(address)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Token realm="api"')


def test_an_ex_friend_still_reads_and_may_not_post(api, chat, ann, bob):
    chat.post(by=ann, text="old times")
    Friendship.objects.unfriend(by=ann, friend=bob)
    client = api(bob)
    seen = client.get(detail(chat)).json()
    assert seen["chat_messages"][0]["text"] == "old times"
    assert seen["initiator"]["first_name"] == "Ann"
    answer = client.post(detail(chat, "messages/"), {"text": "hello"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "post_not_allowed")


def test_of_a_blocked_pair_each_sees_the_other_as_null(api, chat, ann, bob):
    chat.post(by=ann, text="old times")
    Block.objects.block(by=ann, user=bob)
    for client, own, other in ((api(ann), "initiator", "receiver"), (api(bob), "receiver", "initiator")):
        for seen in (client.get(detail(chat)).json(), client.get("/api/v1/chats/").json()[0]):
            assert seen[other] is None
            assert seen[own]["email"]
        assert client.post(detail(chat, "messages/"), {"text": "x"}, format="json").status_code == 403


def test_a_deleted_member_reads_null(api, chat, ann, bob):
    chat.post(by=ann, text="keep this")
    ann.delete()
    client = api(bob)
    seen = client.get(detail(chat)).json()
    assert seen["initiator"] is None
    assert (seen["chat_messages"][0]["sender"], seen["chat_messages"][0]["text"]) == (None, "keep this")
    assert client.get("/api/v1/chats/").json()[0]["initiator"] is None
    assert client.get(detail(chat, "messages/")).json()["results"][0]["sender"] is None


# administrators


def test_administrators_view_any_chat_and_leave_a_trace(api, chat, ann, bob, staff):
    chat.post(by=ann, text="hello")
    Block.objects.block(by=ann, user=bob)
    client = api(staff)
    seen = client.get(detail(chat)).json()
    assert (seen["initiator"]["first_name"], seen["receiver"]["first_name"]) == ("Ann", "Bob")
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (staff, str(chat.pk), "Viewed.")
    assert client.get(detail(chat, "messages/")).json()["results"][0]["text"] == "hello"
    assert LogEntry.objects.count() == 2


def test_administrators_take_no_part_in_chats_of_others(api, chat, staff):
    client = api(staff)
    assert client.post(detail(chat, "messages/"), {"text": "x"}, format="json").status_code == 403
    assert client.post(detail(chat, "read/"), {"seq": 1}, format="json").status_code == 403
    assert client.get("/api/v1/chats/").json() == []
    assert not LogEntry.objects.exists()


def test_a_member_who_is_staff_leaves_no_trace(api, chat, ann):
    type(ann).objects.filter(pk=ann.pk).update(is_staff=True, is_superuser=True)
    ann.refresh_from_db()
    assert api(ann).get(detail(chat)).status_code == 200
    assert not LogEntry.objects.exists()


def test_staff_need_the_permission_and_permission_needs_staff(api, chat, user_factory):
    permission = Permission.objects.get(content_type__app_label="find_friend_chat", codename="view_chat")
    without, with_it, no_staff = user_factory(is_staff=True), user_factory(is_staff=True), user_factory()
    for user in (with_it, no_staff):
        user.user_permissions.add(permission)
    assert [api(user).get(detail(chat)).status_code for user in (without, with_it, no_staff)] == [403, 200, 403]


def test_without_the_admin_a_look_is_only_logged(api, chat, staff, settings, caplog):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "django.contrib.admin"]
    client = api(staff)
    with caplog.at_level("INFO", "find_friend.chat"):
        assert client.get(detail(chat)).status_code == 200
    assert f"User {staff.pk} has viewed find_friend_chat.chat {chat.pk}." in caplog.messages
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.admin"]


# the list


def test_own_chats_with_their_last_messages(api, chat, ann, bob, eve, befriend):
    befriend(bob, eve)
    quiet, _created = Chat.objects.direct(by=eve, to=bob)
    chat.post(by=ann, text="first")
    last = chat.post(by=ann, text="second")
    Chat.objects.filter(pk=quiet.pk).update(modified=chat.created)
    first, second = api(bob).get("/api/v1/chats/").json()
    assert first.keys() == {"id", "initiator", "receiver", "start_time", "last_message", "unread_count"}
    assert (first["id"], first["unread_count"]) == (chat.pk, 2)
    assert first["last_message"].keys() == {"id", "sender", "text", "timestamp"}
    assert (first["last_message"]["id"], first["last_message"]["text"]) == (last.pk, "second")
    assert parse_datetime(first["start_time"]) == chat.created
    assert (second["id"], second["last_message"], second["unread_count"]) == (quiet.pk, None, 0)
    assert len(api(ann).get("/api/v1/chats/").json()) == 1


# history by number


def test_history_pages_backwards_and_forwards(ann_api, chat, ann):
    for number in range(1, 6):
        chat.post(by=ann, text=str(number))
    address, seen = detail(chat, "messages/?limit=2"), []
    while address:
        page = ann_api.get(address).json()
        assert page.keys() == {"next", "previous", "results"}
        assert page["previous"] is None
        seen.append([message["seq"] for message in page["results"]])
        address = page["next"]
    assert seen == [[5, 4], [3, 2], [1]]

    address, seen = detail(chat, "messages/?limit=2&after_seq=0"), []
    while address:
        page = ann_api.get(address).json()
        seen.append([message["seq"] for message in page["results"]])
        address = page["next"]
    assert seen == [[1, 2], [3, 4], [5]]
    both = ann_api.get(detail(chat, "messages/?after_seq=1&before_seq=4")).json()
    assert [message["seq"] for message in both["results"]] == [2, 3]


@pytest.mark.parametrize("query", ["before_seq=x", "after_seq=-1", f"after_seq={10**30}", "after_seq=1e400"])
def test_a_number_that_is_none_is_a_bad_request(ann_api, chat, query):
    assert ann_api.get(detail(chat, f"messages/?{query}")).status_code == 400


@pytest.mark.parametrize("limit", ["0", "-5", "abc", str(10**30)])
def test_a_page_is_bounded_whatever_is_asked(ann_api, chat, ann, configure, limit):
    configure(PAGE_SIZE=2, PAGE_MAX_SIZE=3)
    for _ in range(5):
        chat.post(by=ann, text="x")
    assert len(ann_api.get(detail(chat, f"messages/?limit={limit}")).json()["results"]) in (2, 3)


# writing


def test_a_message_is_posted_once_per_client_id(api, chat, ann, bob):
    client, client_id = api(ann), str(uuid.uuid4())
    body = {"text": "{not json", "client_id": client_id}
    first = client.post(detail(chat, "messages/"), body, format="json")
    assert first.status_code == 201
    keys = {"id", "seq", "sender", "text", "timestamp", "edited_at", "deleted_at", "client_id"}
    assert first.json().keys() == keys
    assert (first.json()["seq"], first.json()["text"], first.json()["client_id"]) == (1, "{not json", client_id)
    again = client.post(detail(chat, "messages/"), body, format="json")
    assert (again.status_code, again.json()) == (200, first.json())
    other = client.post(detail(chat, "messages/"), {**body, "text": "other"}, format="json")
    assert (other.status_code, other.json()["code"]) == (409, "client_id_reused")
    assert Message.objects.count() == 1
    (seen,) = api(bob).get(detail(chat, "messages/")).json()["results"]
    assert seen == {key: value for key, value in first.json().items() if key != "client_id"}


def test_text_is_kept_as_it_was_written(ann_api, chat):
    text = "  два\n\tслова 👋🏽 <b>&amp;</b>  "
    assert ann_api.post(detail(chat, "messages/"), {"text": text}, format="json").json()["text"] == text
    assert Message.objects.get().text == text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": " \n\t"},
        {"text": None},
        {"text": ["x"]},
        {"text": {"a": 1}},
        {"text": "a\x00b"},
        {"text": "x" * 1001},
        {"text": "x", "client_id": -1},
        {"text": "x", "client_id": 2**200},
        {"text": "x", "client_id": "no-uuid"},
        {"text": "x", "client_id": [1]},
    ],
)
def test_a_bad_message_is_a_bad_request(ann_api, chat, body):
    answer = ann_api.post(detail(chat, "messages/"), body, format="json")
    assert answer.status_code == 400
    assert answer.json().keys() <= {"text", "client_id"}
    assert not Message.objects.exists()


def test_half_a_character_is_a_bad_request(ann_api, chat):
    answer = ann_api.post(detail(chat, "messages/"), '{"text": "\\ud800"}', content_type="application/json")
    assert (answer.status_code, list(answer.json())) == (400, ["text"])


def test_the_limit_is_a_setting(ann_api, chat, configure):
    configure(CHAT_MESSAGE_MAX_LENGTH=3)
    assert ann_api.post(detail(chat, "messages/"), {"text": "👋👋👋"}, format="json").status_code == 201
    assert ann_api.post(detail(chat, "messages/"), {"text": "four"}, format="json").status_code == 400


def test_writing_is_limited(ann_api, chat, configure):
    configure(THROTTLE_RATES={"message": "1/min"})
    codes = [ann_api.post(detail(chat, "messages/"), {"text": "x"}, format="json").status_code for _ in range(2)]
    assert codes == [201, 429]


def test_read_marks(api, chat, ann, bob):
    for _ in range(3):
        chat.post(by=ann, text="x")
    client = api(bob)
    answer = client.post(detail(chat, "read/"), {"seq": 2}, format="json")
    assert (answer.status_code, answer.json()) == (200, {"seq": 2, "unread_count": 1})
    assert client.post(detail(chat, "read/"), {"seq": 1}, format="json").json() == {"seq": 2, "unread_count": 1}
    assert client.get("/api/v1/chats/").json()[0]["unread_count"] == 1


@pytest.mark.parametrize("seq", [None, "", "x", -1, 2**63, 10**40, [1], {}, "1e400"])
def test_a_bad_mark_is_a_bad_request(ann_api, chat, seq):
    assert ann_api.post(detail(chat, "read/"), {"seq": seq}, format="json").status_code == 400


def test_routes_have_names(chat):
    assert reverse("find_friend_chat:chat-detail", args=[3]) == "/api/v1/chats/3/"
    assert reverse("find_friend_chat:ws-ticket") == "/api/v1/auth/ws-ticket/"
