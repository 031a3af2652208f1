import logging
from datetime import datetime, timezone

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.utils.html import escape
from rest_framework.test import APIClient

from find_friend import access
from find_friend.chat.admin import MessageAdmin
from find_friend.chat.models import Chat, Message
from find_friend.testing import create_chat
from tests.desk import costs, queries
from tests.desk import page as page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client, staff):
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(model, name="changelist", *args):
    return page_of({"chat": Chat, "message": Message}[model], name, *args)


def test_lists_are_found_by_member_and_show_no_texts(browser, chat, ann):
    chat.post(by=ann, text="very secret")
    for model in ("chat", "message"):
        found = browser.get(page(model), {"q": "ann@example"})
        assert found.status_code == 200
        assert found.context["cl"].result_count == 1
        assert b"very secret" not in found.content
        assert browser.get(page(model), {"q": "nobody"}).context["cl"].result_count == 0
        assert browser.get(page(model), {"q": str(chat.pk)}).context["cl"].result_count == 1
        assert browser.get(page(model), {"q": str(chat.pk + 1)}).context["cl"].result_count == 0
        assert browser.get(page(model), {"q": "9" * 30}).context["cl"].result_count == 0


@pytest.mark.parametrize("model", ["chat", "message"])
def test_a_list_and_a_search_leave_a_trace_too(browser, chat, ann, staff, model, caplog):
    chat.post(by=ann, text="very secret")
    with caplog.at_level(logging.INFO, logger="find_friend.chat"):
        browser.get(page(model))
        browser.get(page(model), {"q": "ann@example"})
        assert browser.get(page(model), {"nonsense": "1"}).status_code == 302, "refused, so nothing was shown"
    title = {"chat": "Chats", "message": "Messages"}[model]
    entries = LogEntry.objects.order_by("pk")
    assert [(entry.user, entry.object_id, entry.object_repr, entry.change_message) for entry in entries] == [
        (staff, None, title, "Viewed the list."),
        (staff, None, f"{title}: q=ann@example", "Viewed the list."),
    ]
    assert {entry.content_type.model for entry in entries} == {model}
    told = [record.find_friend for record in caplog.records if record.find_friend["event"] == "chats_listed"]
    assert [set(fields) for fields in told] == [{"event", "user", "model"}] * 2, "no address in the log"
    assert browser.get("/admin/").status_code == 200, "where the newest entries are shown"


def test_what_an_action_of_the_site_is_given_leaves_a_trace(browser, chat, ann, staff, user_factory, befriend):
    def export(modeladmin, request, queryset):
        return HttpResponse("\n".join(queryset.values_list("text", flat=True)))

    messages = [chat.post(by=ann, text=f"secret {number}") for number in range(3)]
    admin.site.add_action(export)
    try:
        body = {"action": "export", ACTION_CHECKBOX_NAME: [messages[0].pk, messages[2].pk]}
        assert browser.post(page("message"), body).content == b"secret 2\nsecret 0"
        assert sorted(LogEntry.objects.values_list("user", "object_id", "change_message")) == [
            (staff.pk, str(message.pk), "Action “export”.") for message in (messages[0], messages[2])
        ]
        everything = {**body, "select_across": "1", "index": "0"}
        assert len(browser.post(page("message"), everything).content.splitlines()) == 3
        assert LogEntry.objects.count() == 5
        for trick in ({"action": ["export", ""], "index": "0"}, {"select_across": "true"}):
            LogEntry.objects.all().delete()
            shown = browser.post(page("message"), {**body, **trick}).content.splitlines()
            assert LogEntry.objects.count() == len(shown) > 0
        browser.post(page("message"), {**body, "action": "nothing"})
        assert not LogEntry.objects.filter(change_message__contains="nothing").exists()
    finally:
        admin.site.disable_action("export")
        admin.site._global_actions.pop("export")


def test_the_page_of_a_chat_shows_what_was_written(browser, chat, ann, bob):
    chat.post(by=ann, text="<script>alert(1)</script>")
    chat.post(by=bob, text="an older one")
    chat.post(by=bob, text="very secret")
    chat.edit(by=bob, seq=2, text="a newer one")
    chat.erase(by=bob, seq=3)
    shown = browser.get(page("chat", "change", chat.pk)).content.decode()
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert(1)" not in shown
    assert shown.index("alert(1)") < shown.index("a newer one")
    assert "very secret" not in shown
    assert "This message was deleted." in shown
    assert "edited" in shown
    assert f"Bob Baker ({escape(bob.get_username())})" in shown
    Message.objects.update(sender=None)
    assert "Deleted user" in browser.get(page("chat", "change", chat.pk)).content.decode()


def test_the_time_of_the_newest_message_is_written_for_people(browser, chat, ann):
    assert b"2026-01-02" not in browser.get(page("chat", "change", chat.pk)).content
    chat.post(by=ann, text="hello")
    Chat.objects.update(modified=datetime(2026, 1, 2, 21, 30, tzinfo=timezone.utc))
    for address in (page("chat"), page("chat", "change", chat.pk)):
        assert "Jan. 3, 2026, 12:30 a.m." in browser.get(address).content.decode(), "in the time zone of the site"


def test_an_empty_chat_says_so(browser, chat):
    shown = browser.get(page("chat", "change", chat.pk))
    assert b"Nothing was written here." in shown.content
    assert b"Earlier messages" not in shown.content


def test_a_long_chat_is_read_page_by_page(browser, chat, ann):
    Message.objects.bulk_create(Message(chat=chat, seq=seq, sender=ann, text=f"text {seq}.") for seq in range(1, 121))
    address, seen = page("chat", "change", chat.pk), []
    for query in ({}, {"before_seq": "71"}, {"before_seq": "21"}):
        shown = browser.get(address, query)
        seen.append([message.seq for message, _sender in shown.context["written"]])
        assert (b"Newest messages" in shown.content) is bool(query)
        assert (f"?before_seq={seen[-1][0]}" in shown.content.decode()) is (seen[-1][0] > 1)
    assert seen == [list(range(71, 121)), list(range(21, 71)), list(range(1, 21))]
    assert LogEntry.objects.count() == 3, "each page is a look"
    assert len(browser.get(address, {"before_seq": "nonsense"}).context["written"]) == 50


def test_the_page_of_a_chat_costs_the_same_for_many_messages(browser, user_factory, befriend):
    def cost(number):
        first, second = user_factory(), user_factory()
        befriend(first, second)
        chat = create_chat(first, second)
        for _ in range(number):
            chat.post(by=first, text="hello")
        return queries(lambda: browser.get(page("chat", "change", chat.pk)))

    assert cost(2) == cost(20)


def test_looking_at_a_chat_or_message_leaves_a_trace(browser, chat, ann, staff):
    message = chat.post(by=ann, text="very secret")
    assert browser.get(page("chat", "change", chat.pk)).status_code == 200
    assert b"very secret" in browser.get(page("message", "change", message.pk)).content
    assert [(entry.user, entry.object_id) for entry in LogEntry.objects.order_by("pk")] == [
        (staff, str(chat.pk)),
        (staff, str(message.pk)),
    ]


def test_a_deleted_message_is_shown_as_one(browser, chat, ann):
    message = chat.post(by=ann, text="very secret")
    chat.erase(by=ann, seq=1)
    shown = browser.get(page("message", "change", message.pk))
    assert b"very secret" not in shown.content
    assert b"field-deleted_at" in shown.content


def test_what_people_wrote_is_neither_added_nor_changed_nor_deleted(browser, chat, ann):
    message = chat.post(by=ann, text="very secret")
    for model, pk in (("chat", chat.pk), ("message", message.pk)):
        assert browser.get(page(model, "add")).status_code == 403
        assert browser.post(page(model, "change", pk), {"text": "other"}).status_code == 403
        assert browser.get(page(model, "delete", pk)).status_code == 403
        assert browser.post(page(model, "delete", pk), {"post": "yes"}).status_code == 403
    message.refresh_from_db()
    assert message.text == "very secret"
    assert not LogEntry.objects.exists(), "what was refused has shown nothing"


@pytest.mark.parametrize("model", ["chat", "message"])
def test_the_history_of_looks_is_no_look_itself(browser, chat, ann, model):
    seen = chat if model == "chat" else chat.post(by=ann, text="very secret")
    assert b"very secret" not in browser.get(page(model, "history", seen.pk)).content
    assert not LogEntry.objects.exists()


def test_a_chat_that_is_not_there_leaves_no_trace(browser):
    assert browser.get(page("chat", "change", 999)).status_code == 302
    assert not LogEntry.objects.exists()


def test_looking_needs_the_permission(client, chat, user_factory):
    user = user_factory(is_staff=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(page("chat", "change", chat.pk)).status_code == 403
    user.user_permissions.add(*Permission.objects.filter(codename__in=["change_chat", "delete_chat", "view_message"]))
    assert client.get(page("chat", "change", chat.pk)).status_code == 403, "as over the API"
    assert client.get(page("chat")).status_code == 403
    assert not LogEntry.objects.exists()
    user.user_permissions.set(Permission.objects.filter(codename="view_chat"))
    assert client.get(page("chat", "change", chat.pk)).status_code == 200
    assert LogEntry.objects.count() == 1
    assert client.get(page("message")).status_code == 403


def test_a_page_leads_only_where_the_reader_may_go(client, browser, chat, ann, user_factory):
    message = chat.post(by=ann, text="very secret")
    address = page("message", "change", message.pk)
    assert address in browser.get(page("chat", "change", chat.pk)).content.decode()
    assert page("chat", "change", chat.pk) in browser.get(address).content.decode()
    user = user_factory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_chat"))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert address not in client.get(page("chat", "change", chat.pk)).content.decode()
    assert MessageAdmin(Message, admin.AdminSite("other")).chat_page(message) == f"Chat {chat.pk}"


def test_a_page_says_who_a_chat_is_between(browser, chat, ann, bob):
    shown = browser.get(page("chat", "change", chat.pk)).content.decode()
    assert f"{escape(ann.get_username())} – {escape(bob.get_username())}" in shown
    Chat.objects.update(receiver=None)
    assert browser.get(page("chat", "change", chat.pk)).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", [access.block, access.sign_out])
async def test_open_chats_close_at_once(chat_socket, chat, ann, bob, way):
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        await sync_to_async(way)([ann])
        assert await left.closed() == 4401
        await right.post("Are you there?")


async def open_by_session(user):
    """A browser that is signed in, and the headers with which it opens a socket."""
    client = APIClient()
    await sync_to_async(client.force_login)(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    return client, [(b"host", b"testserver"), (b"origin", b"http://testserver"), (b"cookie", cookie.encode())]


@pytest.mark.django_db(transaction=True)
async def test_an_open_chat_of_a_session_closes_too(open_socket, chat, ann):
    _client, headers = await open_by_session(ann)
    async with open_socket(f"/ws/chat/{chat.pk}/", headers) as (socket, accepted):
        assert accepted
        await sync_to_async(access.sign_out)([ann])
        assert await socket.closed() == 4401


@pytest.mark.needs("accounts")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("engine", ["db", "cache"])
async def test_a_browser_that_is_signed_out_closes_its_chats_alone(open_socket, chat, ann, settings, engine):
    from find_friend.accounts.models import BrowserSession

    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    ended, headers = await open_by_session(ann)
    _other, others = await open_by_session(ann)
    path = f"/ws/chat/{chat.pk}/"
    async with open_socket(path, headers) as (socket, _accepted), open_socket(path, others) as (left, _accepted):
        row = await BrowserSession.objects.aget(session_key=ended.cookies[settings.SESSION_COOKIE_NAME].value)
        await sync_to_async(row.end)()
        assert await socket.closed() == 4401
        await left.post("Still here")


@pytest.mark.parametrize("model", [Chat, Message])
def test_pages_cost_the_same_for_many_rows(browser, user_factory, befriend, model):
    def add(number):
        for _ in range(number):
            first, second = user_factory(), user_factory()
            befriend(first, second)
            create_chat(first, second).post(by=first, text="hello")

    add(2)
    few = costs(browser, model, "person")
    add(18)
    assert costs(browser, model, "person") == few
