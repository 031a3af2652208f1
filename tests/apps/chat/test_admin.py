import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client, staff):
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(model, name="changelist", *args):
    return reverse(f"admin:find_friend_chat_{model}_{name}", args=args)


def test_lists_are_found_by_member_and_show_no_texts(browser, chat, ann):
    chat.post(by=ann, text="very secret")
    for model in ("chat", "message"):
        found = browser.get(page(model), {"q": "ann@example"})
        assert found.status_code == 200
        assert found.context["cl"].result_count == 1
        assert b"very secret" not in found.content
        assert browser.get(page(model), {"q": "nobody"}).context["cl"].result_count == 0
    assert not LogEntry.objects.exists()


def test_looking_at_a_chat_or_message_leaves_a_trace(browser, chat, ann, staff):
    message = chat.post(by=ann, text="very secret")
    assert browser.get(page("chat", "change", chat.pk)).status_code == 200
    assert b"very secret" in browser.get(page("message", "change", message.pk)).content
    assert [(entry.user, entry.object_id) for entry in LogEntry.objects.order_by("pk")] == [
        (staff, str(chat.pk)),
        (staff, str(message.pk)),
    ]


def test_what_people_wrote_is_neither_added_nor_changed_nor_deleted(browser, chat, ann):
    message = chat.post(by=ann, text="very secret")
    for model, pk in (("chat", chat.pk), ("message", message.pk)):
        assert browser.get(page(model, "add")).status_code == 403
        assert browser.post(page(model, "change", pk), {"text": "other"}).status_code == 403
        assert browser.post(page(model, "delete", pk), {"post": "yes"}).status_code == 403
    message.refresh_from_db()
    assert message.text == "very secret"


def test_a_chat_that_is_not_there_leaves_no_trace(browser):
    assert browser.get(page("chat", "change", 999)).status_code == 302
    assert not LogEntry.objects.exists()


def test_looking_needs_the_permission(client, chat, user_factory):
    user = user_factory(is_staff=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(page("chat", "change", chat.pk)).status_code == 403
    assert not LogEntry.objects.exists()
    user.user_permissions.add(Permission.objects.get(codename="view_chat"))
    assert client.get(page("chat", "change", chat.pk)).status_code == 200
    assert LogEntry.objects.count() == 1
