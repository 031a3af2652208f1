"""The command line that all imports share, and old tables on every database."""

import uuid
from io import StringIO

import pytest
from django.apps.registry import Apps
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError, call_command, get_commands, load_command_class
from django.db import DatabaseError, connection, models

from find_friend.accounts.models import AuthToken
from find_friend.chat.models import Chat, Message
from find_friend.friends.models import Block, FriendRequest, Friendship
from find_friend.importing.people import ByKey
from find_friend.importing.report import Tally
from tests.docs import pages
from tests.importers.stopping import stop_after

THEIRS = ("friends", "django-friendship", "--match=email")


class Terminal(StringIO):
    def isatty(self):
        return True


# errors


@pytest.mark.django_db
def test_a_table_that_is_not_there_is_named(old, run):
    old("django_friendship")
    with pytest.raises(CommandError, match=r'no table "chat_chat" in the database "old".*--database and --prefix'):
        run("chat", "find-friend-backend", "--user-table=auth_user")
    with pytest.raises(CommandError, match='no table "older_friendship_block"'):
        run(*THEIRS, "--prefix=older_", "--user-table=auth_user")
    with pytest.raises(CommandError, match='no table "older_auth_user"'):
        run(*THEIRS, "--prefix=older_")
    with pytest.raises(CommandError, match='no table "members"'):
        run(*THEIRS, "--user-table=members")


@pytest.mark.django_db
def test_columns_that_are_not_there_are_named(old, run):
    connection = old("django_friendship")
    connection.execute("ALTER TABLE friendship_friendshiprequest DROP COLUMN rejected")
    with pytest.raises(CommandError, match='"friendship_friendshiprequest" has no column rejected'):
        run(*THEIRS)
    assert not Block.objects.exists()


@pytest.mark.parametrize("size", ["0", "-1", "many", "²"])
def test_a_batch_has_at_least_one_row(old, run, size):
    old("django_friendship")
    with pytest.raises(CommandError, match=r"not a positive number"):
        run(*THEIRS, f"--batch-size={size}")


def test_sources_and_databases_are_known_names(old, run):
    old("django_friendship")
    with pytest.raises(CommandError, match="invalid choice"):
        run("friends", "authtoken")
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("find_friend_import_friends", "django-friendship", "--database=nowhere")


@pytest.mark.django_db
def test_without_an_address_nobody_can_be_found_by_it(old, run, monkeypatch):
    old("django_friendship")
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "nowhere")
    with pytest.raises(CommandError, match="has no e-mail column"):
        run(*THEIRS)


@pytest.mark.django_db
def test_a_failing_database_ends_the_run_with_what_was_done(old, people):
    old("django_friendship")
    people("ann", "bob", "eve", "dan", "fay", "gil")
    out = StringIO()
    options = ("--database=old", "--match=email", "--batch-size=2")
    with (
        stop_after(Friendship, 1, DatabaseError("The disk is full.")),
        pytest.raises(CommandError, match=r"The disk is full\. What was committed stays"),
    ):
        call_command("find_friend_import_friends", "django-friendship", *options, stdout=out)
    assert out.getvalue().splitlines()[-1] == "friendships: 2 read, 1 added, 1 there already"
    assert Friendship.objects.count() == 2


# the page


def test_the_page_names_every_source_and_option():
    page = pages.read("moving-in.md")
    rows = [[pages.code(cell) for cell in cells] for cells in pages.rows(page)]
    listed = {(cells[0][0], cells[1][0]) for cells in rows if cells[0][0].startswith("find_friend_")}
    names = [name for name in get_commands() if name.startswith("find_friend_import_")]
    commands = {name: load_command_class(get_commands()[name], name) for name in names}
    assert listed == {(name, source) for name, command in commands.items() for source in command.sources}
    options = {cells[0][0].split(" ")[0] for cells in rows if cells[0][0].startswith("--")}
    common = {"--verbosity"} | options_of(BaseCommand())
    assert options - common == set.union(*(options_of(command) for command in commands.values())) - common


def options_of(command):
    parser = command.create_parser("manage.py", "command")
    return {text for action in parser._actions for text in action.option_strings if text.startswith("--")}


# progress


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("stream", "verbosity", "shown"),
    [
        (Terminal, 1, ["tokens 2/5\r", "tokens 4/5\r", "tokens 5/5\n"]),
        (Terminal, 0, []),
        (StringIO, 1, []),
    ],
)
def test_progress_is_for_people(old, people, stream, verbosity, shown):
    old("authtoken")
    people("ann")
    error = stream()
    options = {"database": "old", "match": "email", "batch_size": 2, "verbosity": verbosity}
    call_command("find_friend_import_accounts", "authtoken", **options, stdout=StringIO(), stderr=error)
    assert error.getvalue() == "".join(shown)
    assert AuthToken.objects.count() == 1


def test_of_what_was_skipped_only_some_keys_are_shown():
    tally, other = Tally(), Tally()
    for key in range(8):
        tally.skip("odd", key)
        other.skip("odd", key + 8)
    tally.add(other)
    assert list(tally.lines("rows", dry_run=False))[1] == "  16 skipped: odd (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …)"


# old tables in the database of the site, whichever it is


@pytest.fixture
def old_table(transactional_db):
    """``old_table("name", column=Field)`` makes a table in the database of the tests."""
    made = []

    def make(name, **fields):
        options = {"app_label": "old", "apps": Apps(), "db_table": name}
        attributes = {
            "__module__": __name__,
            "Meta": type("Meta", (), options),
            "id": models.BigAutoField(primary_key=True),
        }
        model = type("Old", (models.Model,), attributes | fields)
        with connection.schema_editor() as editor:
            editor.create_model(model)
        made.append(model)
        return model.objects

    yield make
    with connection.schema_editor() as editor:
        for model in made:
            editor.delete_model(model)


def user_key(**options):
    """A column such as a foreign key to a user has."""
    is_uuid = isinstance(get_user_model()._meta.pk, models.UUIDField)
    return (models.UUIDField if is_uuid else models.BigIntegerField)(**options)


def test_tables_beside_ours_with_names_that_need_quotes(old_table, ann, bob, eve):
    now = models.DateTimeField(auto_now_add=True)
    blocks = old_table("Old friendship_block", blocker_id=user_key(), blocked_id=user_key(), created=now.clone())
    friends = old_table("Old friendship_friend", from_user_id=user_key(), to_user_id=user_key(), created=now.clone())
    asked = old_table(
        "Old friendship_friendshiprequest",
        from_user_id=user_key(),
        to_user_id=user_key(),
        message=models.TextField(),
        created=now.clone(),
        rejected=models.DateTimeField(null=True),
    )
    blocks.create(blocker_id=ann.pk, blocked_id=eve.pk)
    friends.create(from_user_id=ann.pk, to_user_id=bob.pk)
    friends.create(from_user_id=ann.pk, to_user_id=eve.pk)
    friends.create(from_user_id=ann.pk, to_user_id=uuid.uuid4() if isinstance(ann.pk, uuid.UUID) else 10**9)
    asked.create(from_user_id=bob.pk, to_user_id=eve.pk, message="Hello")
    for _run in range(2):
        call_command("find_friend_import_friends", "django-friendship", "--prefix=Old ", stdout=StringIO())
        assert list(Block.objects.values_list("blocker", "blocked")) == [(ann.pk, eve.pk)]
        assert {side.user for side in Friendship.objects.all()} == {ann, bob}
        request = FriendRequest.objects.get()
        assert (request.from_user, request.message, request.created) == (bob, "Hello", asked.get().created)


def test_messages_beside_ours(old_table, ann, bob):
    prefix = "django_private_chat2"
    files = old_table(
        f"{prefix}_uploadedfile",
        id=models.UUIDField(primary_key=True, default=uuid.uuid4),
        file=models.CharField(max_length=99),
    )
    dialogs = old_table(
        f"{prefix}_dialogsmodel",
        user1_id=user_key(),
        user2_id=user_key(),
        created=models.DateTimeField(auto_now_add=True),
    )
    messages = old_table(
        f"{prefix}_messagemodel",
        sender_id=user_key(),
        recipient_id=user_key(),
        text=models.TextField(),
        file_id=models.UUIDField(null=True),
        read=models.BooleanField(default=False),
        is_removed=models.BooleanField(default=False),
        created=models.DateTimeField(auto_now_add=True),
        modified=models.DateTimeField(auto_now=True),
    )
    dialogs.create(user1_id=ann.pk, user2_id=bob.pk)
    messages.create(sender_id=ann.pk, recipient_id=bob.pk, text="Hello", read=True)
    messages.create(sender_id=bob.pk, recipient_id=ann.pk, text="Look:", file_id=files.create(file="map.pdf").pk)
    messages.create(sender_id=bob.pk, recipient_id=ann.pk, text="Oh", is_removed=True)
    for _run in range(2):
        call_command("find_friend_import_chat", "django-private-chat2", stdout=StringIO())
        chat = Chat.objects.get()
        assert (chat.initiator, chat.last_seq) == (ann, 3)
        assert list(Message.objects.order_by("seq").values_list("text", "sender")) == [
            ("Hello", ann.pk),
            ("Look:\nmap.pdf", bob.pk),
            ("", bob.pk),
        ]
        assert [place.unread_count for place in chat.memberships.order_by("user__email")] == [2, 0]


@pytest.mark.django_db
def test_keys_that_none_of_our_users_can_have_are_nobody(ann):
    assert ByKey().find(["no key", ann.pk]) == {ann.pk: ann.pk}
