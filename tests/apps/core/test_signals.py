import pytest
from django.contrib.auth import get_user_model
from django.db import connections, transaction

from find_friend.signals import CommitSignal, rights_changed

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard():
    """Keys of users whose rights were said to have changed."""
    keys = []

    def listen(sender, users, **kwargs):
        keys.extend(users)

    rights_changed.connect(listen)
    yield keys
    rights_changed.disconnect(listen)


@pytest.mark.django_db(transaction=True)
def test_signal_waits_for_the_commit():
    signal, seen = CommitSignal(), []

    def listen(sender, word, **kwargs):
        seen.append((sender, word))

    signal.connect(listen)
    with transaction.atomic():
        signal.send_on_commit(CommitSignal, word="hello")
        assert seen == []
    assert seen == [(CommitSignal, "hello")]


@pytest.fixture
def second_database(settings):
    """A database that a router of the site writes everything to."""

    class Router:
        def db_for_write(self, model, **hints):
            return "second"

    connections.databases["second"] = connections.databases["default"]
    settings.DATABASE_ROUTERS = [Router()]
    connection = connections["second"]
    connection.in_atomic_block = True  # as within atomic(), which pytest-django allows for its own databases only
    yield connection
    del connections["second"], connections.databases["second"]


@pytest.mark.django_db(transaction=True)
def test_it_is_the_commit_of_the_database_that_the_sender_is_written_to(second_database):
    signal, seen = CommitSignal(), []

    def listen(sender, **kwargs):
        seen.append(sender)

    signal.connect(listen)
    signal.send_on_commit(get_user_model())
    assert seen == []
    signal.send_on_commit(get_user_model(), using="default")
    assert len(seen) == 1
    ((_savepoints, waiting, _robust),) = second_database.run_on_commit
    waiting()
    assert len(seen) == 2


@pytest.mark.django_db(transaction=True)
async def test_async_code_sends_without_blocking_the_loop():
    signal, seen = CommitSignal(), []

    def listen(sender, word, **kwargs):
        seen.append((sender, word, get_user_model()._default_manager.count()))

    signal.connect(listen)
    await signal.asend_on_commit(CommitSignal, word="hello")
    assert seen == [(CommitSignal, "hello", 0)]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_after_a_rollback():
    signal, seen = CommitSignal(), []
    signal.connect(lambda **kwargs: seen.append(kwargs), weak=False)

    def fail():
        with transaction.atomic():
            signal.send_on_commit(CommitSignal)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert seen == []


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_fails_hurts_nobody(caplog):
    signal, seen = CommitSignal(), []

    def fail(**kwargs):
        raise RuntimeError("somebody else's fault")

    def listen(**kwargs):
        seen.append(kwargs["word"])

    signal.connect(fail)
    signal.connect(listen)
    signal.send_on_commit(CommitSignal, word="hello")
    assert seen == ["hello"]
    assert "somebody else's fault" in caplog.text


def test_a_saved_user_may_have_lost_a_right(ann, heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        ann.is_active = False
        ann.save()
    assert ann.pk in heard


@pytest.mark.parametrize("field", ["is_active", "password"])
def test_so_may_one_of_whom_that_column_was_saved(ann, heard, field, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        ann.save(update_fields=[field])
    assert ann.pk in heard


def test_a_new_name_changes_no_right(ann, heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        ann.save(update_fields=["last_name"])
    assert heard == []


def test_a_new_user_has_no_socket_to_look_after(user_factory, heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        user_factory()
    assert heard == []


def test_loading_a_fixture_is_no_change(ann, heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        ann.save_base(raw=True)
    assert heard == []


def test_a_deleted_user_has_lost_every_right(ann, heard, django_capture_on_commit_callbacks):
    pk = ann.pk
    with django_capture_on_commit_callbacks(execute=True):
        get_user_model()._default_manager.filter(pk=pk).delete()
    assert pk in heard
