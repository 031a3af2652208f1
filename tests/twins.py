"""Compares what async twins do with what the methods themselves do."""

from contextlib import suppress
from functools import partial

from asgiref.sync import sync_to_async
from django.apps import apps
from django.db import connections, models, transaction
from django.http import HttpResponse
from django.test import AsyncClient
from django.urls import clear_url_caches, path

from tests.docs import pages
from tests.signals import RolledBack

urlpatterns: list = []


def documented(app):
    """The twins that the reference lists for an app, each with what it is a method of: ``("chat", "apost")``."""
    table = pages.rows(pages.section(pages.read("reference/python.md"), "Async twins"))
    mine = [cells for cells in table if pages.code(cells[0]) == [f"find_friend.{app}"]]
    return {(pages.code(cells[1])[0], twin) for cells in mine for twin in pages.code(cells[2])}


def differs_each_time(field):
    """Keys of rows that are made anew, secrets, and moments."""
    ours = field.is_relation and field.related_model._meta.app_label.startswith("find_friend")
    kinds = (models.AutoField, models.DateTimeField, models.UUIDField)
    return ours or isinstance(field, kinds) or field.name in ("digest", "fingerprint")


def shape(value):
    """A result, or a row, without what differs each time."""
    if isinstance(value, tuple):
        return tuple(map(shape, value))
    if isinstance(value, models.Model):
        columns = {
            field.attname: getattr(value, field.attname)
            for field in value._meta.concrete_fields
            if not differs_each_time(field)
        }
        return type(value).__name__, columns
    if isinstance(value, str):
        return len(value)
    return value


def state(app):
    """Every row of an app."""
    found = [
        shape(row) for model in apps.get_app_config(f"find_friend_{app}").get_models() for row in model.objects.all()
    ]
    return sorted(map(repr, found))


def rehearsed(app, act):
    """What ``act()`` gives or raises and the rows after it, none of which remains."""
    with suppress(RolledBack), transaction.atomic():
        try:
            with transaction.atomic():
                outcome = shape(act())
        except Exception as error:
            outcome = type(error)
        rows = state(app)
        raise RolledBack
    return outcome, rows


async def performed(app, act, run):
    try:
        outcome = shape(await run(act))
    except Exception as error:
        outcome = type(error)
    return outcome, await sync_to_async(state)(app)


async def directly(act):
    return await act()


async def in_a_view(act):
    """Await it in an async view, within the handler of Django's ASGI application."""
    results = []

    async def view(request):
        results.append(await act())
        return HttpResponse()

    urlpatterns[:] = [path("", view)]
    clear_url_caches()
    assert (await AsyncClient().get("/")).status_code == 200
    return results[0]


def kind(outcome):
    """An outcome in short: of a row only the name of its model."""
    if isinstance(outcome, tuple):
        return outcome[0] if isinstance(outcome[-1], dict) else tuple(map(kind, outcome))
    return outcome


class Story:
    """That a twin called with these arguments has this outcome. Names of people stand for them."""

    def __init__(self, owner, twin, *positional, gives, set_up=None, **named):
        self.owner, self.twin, self.gives, self.set_up = owner, twin, gives, set_up
        self.positional, self.named = positional, named

    def __repr__(self):
        return f"{self.owner}.{self.twin}-{getattr(self.gives, '__name__', self.gives)}"

    def begin(self, people):
        """What gives the owner anew."""
        (self.set_up or (lambda people: None))(people)
        if self.owner.endswith(".objects"):
            return lambda: self.models[self.owner.partition(".")[0]].objects
        return lambda: self.models[self.rows[self.owner]].objects.get()

    models: dict = {}
    rows = {"friend_request": "FriendRequest", "chat": "Chat", "token": "AuthToken"}

    async def follow(self, app, people, run):
        """The twin and the method it is named after have the same outcome, and leave the same rows."""
        positional = [people.get(str(value), value) for value in self.positional]
        named = {name: people.get(str(value), value) for name, value in self.named.items()}
        self.models = {model.__name__: model for model in apps.get_app_config(f"find_friend_{app}").get_models()}
        owner = await sync_to_async(self.begin)(people)

        async def call(name):
            return partial(getattr(await sync_to_async(owner)(), name), *positional, **named)

        expected = await sync_to_async(rehearsed)(app, await call(self.twin[1:]))
        assert await performed(app, await call(self.twin), run) == expected
        assert kind(expected[0]) == self.gives


@sync_to_async
def gone(user):
    """Somebody who has been deleted meanwhile."""
    pk = user.pk
    user.delete()
    user.pk = pk
    return user


async def follow(story, app, run, ann, bob, eve):
    try:
        await story.follow(app, {"ann": ann, "bob": bob, "gone": await gone(eve)}, run)
    finally:
        await sync_to_async(connections.close_all)()  # those of the thread that twins run in
