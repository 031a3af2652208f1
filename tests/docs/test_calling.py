"""The page about tasks, the shell and the admin: every block of it runs as printed."""

import json
import sys
from types import ModuleType
from uuid import uuid4

import django
import pytest
from asgiref.sync import sync_to_async
from django.contrib.admin import ModelAdmin, site
from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.db import connections
from django.http import Http404
from django.test import AsyncRequestFactory

from find_friend.accounts.models import AuthToken
from find_friend.friends.models import FriendRequest, Friendship
from tests.docs import pages


def run(first_line):
    """The names that the block with this first line defines."""
    (block,) = [
        block for block in pages.blocks(pages.read("calling.md"), "python") if block.text.startswith(first_line)
    ]
    names = {}
    exec(compile(block.text, first_line, "exec"), names)
    return names


@pytest.mark.django_db(transaction=True)
async def test_the_view(ann, bob, eve):
    ask = run("# myproject/views.py")["ask"]

    async def user():
        return ann

    async def answer(pk):
        request = AsyncRequestFactory().post("/")
        request.auser = user
        response = await ask(request, pk)
        return response.status_code, response.content

    status, content = await answer(ann.pk)
    assert (status, json.loads(content)["code"]) == (400, "self_request")
    with pytest.raises(Http404):
        await answer(bob.pk + eve.pk)
    status, content = await answer(bob.pk)
    sent = await FriendRequest.objects.aget()
    assert (status, sent.from_user_id, sent.to_user_id) == (200, ann.pk, bob.pk)
    assert str(sent.pk).encode() in content
    await sync_to_async(connections.close_all)()


def test_the_task(monkeypatch, chat, ann, bob):
    celery = ModuleType("celery")
    celery.shared_task = lambda function: function
    monkeypatch.setitem(sys.modules, "celery", celery)
    greet = run("# myproject/tasks.py")["greet"]
    arguments = (ann.pk, bob.pk, "Hello!", str(uuid4()))
    assert [greet(*arguments), greet(*arguments)] == [1, 1]
    assert [message.text for message in chat.history()] == ["Hello!"]
    Friendship.objects.unfriend(by=ann, friend=bob)
    assert greet(*arguments) is None
    type(bob)._default_manager.filter(pk=bob.pk).update(is_active=False)
    assert greet(*arguments) is None


@pytest.mark.django_db
@pytest.mark.skipif(django.VERSION < (6, 0), reason="Django has tasks since 6.0")
def test_the_task_of_django(ann):
    AuthToken.objects.issue(ann)
    run("# myproject/django_tasks.py")["sign_out_everywhere"].enqueue(ann.pk)
    assert not AuthToken.objects.exists()


def test_the_shell(ann, bob):
    run("# python manage.py shell")
    assert [row.friend for row in Friendship.objects.of(ann)] == [bob]


def test_the_admin_action(rf, staff, ann, bob, eve, befriend):
    befriend(ann, bob)
    befriend(ann, eve)
    request = rf.post("/")
    request.user, request.session = staff, {}
    request._messages = FallbackStorage(request)
    users = get_user_model()._default_manager.filter(pk__in=[ann.pk, bob.pk])
    run("# myproject/admin.py")["end_friendships"](ModelAdmin(type(ann), site), request, users)
    assert [str(message) for message in get_messages(request)] == ["2 friendships have ended."]
    assert not Friendship.objects.exists()
