"""Friendships, requests and blocks out of databases that other packages made."""

import pytest

from find_friend.friends.models import Block, FriendRequest, Friendship, Status
from tests.importers.stopping import stop_after

pytestmark = pytest.mark.django_db

THEIRS = ("friends", "django-friendship", "--match=email")
ORIGINAL = ("friends", "find-friend-backend")


@pytest.fixture
def site(old, people):
    """A site that everybody of the dump has come to, but one who was called gone."""
    connection = old("django_friendship")
    return connection, dict(zip(NAMES, people(*NAMES), strict=True))


NAMES = ["ann", "bob", "eve", "dan", "fay", "gil"]


def name(user):
    return user.email.partition("@")[0]


def friendships():
    rows = Friendship.objects.select_related("user", "friend")
    return sorted(f"{name(row.user)}-{name(row.friend)}" for row in rows)


def requests():
    rows = FriendRequest.objects.select_related("from_user", "to_user").order_by("pk")
    return [(name(row.from_user), name(row.to_user), row.status, row.message) for row in rows]


def blocks():
    return {(name(row.blocker), name(row.blocked)) for row in Block.objects.select_related("blocker", "blocked")}


def everything():
    return friendships(), requests(), blocks()


@pytest.mark.usefixtures("site")
def test_friendships_have_both_sides_and_a_block_wins(run):
    run(*THEIRS)
    assert friendships() == ["ann-bob", "bob-ann", "bob-eve", "eve-bob", "fay-gil", "gil-fay"]
    assert blocks() == {("dan", "eve"), ("dan", "fay"), ("ann", "gil"), ("gil", "ann")}


@pytest.mark.usefixtures("site")
def test_requests_keep_text_answer_and_time(run, old):
    run(*THEIRS)
    assert requests() == [
        ("ann", "dan", Status.PENDING, "Remember me?"),
        ("eve", "ann", Status.DECLINED, "Please"),
        ("bob", "fay", Status.PENDING, ""),
    ]
    declined = FriendRequest.objects.get(status=Status.DECLINED)
    assert declined.created < declined.answered_at == declined.modified


def test_times_are_those_of_the_old_rows(site, run):
    connection, users = site
    run(*THEIRS)
    side = Friendship.objects.get(user=users["ann"])
    (stored,) = connection.execute("SELECT created FROM friendship_friend WHERE id = 1").fetchone()
    assert side.created.strftime("%Y-%m-%d %H:%M:%S.%f") == stored
    assert side.modified == side.created


@pytest.mark.usefixtures("site")
def test_what_is_left_out_is_told_with_its_reason(run):
    assert run(*THEIRS) == [
        "blocks: 6 read, 4 added, 0 there already",
        "  1 skipped: a user who is not here (5)",
        "  1 skipped: somebody and themselves (6)",
        "friendships: 10 read, 3 added, 2 there already",
        "  2 skipped: a user who is not here (5, 6)",
        "  2 skipped: one has blocked the other, and a block wins (7, 8)",
        "  1 skipped: somebody and themselves (9)",
        "friend requests: 8 read, 3 added, 0 there already",
        "  1 skipped: a user who is not here (5)",
        "  1 skipped: somebody and themselves (12)",
        "  1 skipped: one has blocked the other, and a block wins (8)",
        "  1 skipped: pending between two who are friends (9)",
        "  1 skipped: pending while another request of the two is (11)",
    ]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("size", [1, 3, 500])
def test_the_size_of_batches_changes_nothing_and_a_second_run_adds_nothing(run, size):
    run(*THEIRS, f"--batch-size={size}")
    first = everything()
    assert len(first[0]) == 6
    assert len(first[1]) == 3
    again = run(*THEIRS, f"--batch-size={size}")
    assert everything() == first
    assert [line for line in again if " 0 added" not in line and "skipped" not in line] == []


@pytest.mark.usefixtures("site")
def test_a_dry_run_tells_what_a_run_does_and_changes_nothing(run):
    said = run(*THEIRS, "--dry-run", "--batch-size=2")
    assert everything() == ([], [], set())
    assert said[0] == "Dry run: nothing is changed."
    assert [line.replace("to add", "added") for line in said[1:]] == run(*THEIRS, "--batch-size=2")


@pytest.mark.usefixtures("site")
def test_an_interrupted_run_goes_on(run, django_assert_num_queries):
    with stop_after(Friendship, 1), pytest.raises(KeyboardInterrupt):
        run(*THEIRS, "--batch-size=2")
    assert friendships() == ["ann-bob", "bob-ann"]
    assert requests() == []
    run(*THEIRS, "--batch-size=2")
    assert (len(friendships()), len(requests()), len(blocks())) == (6, 3, 4)


def test_a_block_of_a_later_run_ends_what_has_begun_since(site, run):
    connection, users = site
    run(*THEIRS)
    ann, bob, dan, fay = (users[name] for name in ("ann", "bob", "dan", "fay"))
    assert FriendRequest.objects.send(by=dan, to=bob).is_pending
    for number, (blocker, blocked) in enumerate([(2, 3), (5, 3), (6, 3)], 100):
        connection.execute("INSERT INTO friendship_block VALUES (?, '2026-01-01', ?, ?)", [number, blocked, blocker])
    run(*THEIRS)
    assert not Friendship.objects.between(ann, bob).exists()
    assert FriendRequest.objects.get(from_user=dan, to_user=bob).status == Status.WITHDRAWN
    assert FriendRequest.objects.get(from_user=bob, to_user=fay).status == Status.DECLINED


def test_the_sockets_of_the_blocked_look_at_their_rights_again(site, run, django_capture_on_commit_callbacks, told):
    users = site[1]
    with django_capture_on_commit_callbacks(execute=True):
        run(*THEIRS)
    assert {user for call in told for user in call} == {users[name].pk for name in ("ann", "gil", "dan", "eve", "fay")}


@pytest.fixture
def told():
    from find_friend.signals import rights_changed

    heard = []

    def hear(sender, users, **kwargs):
        heard.append(users)

    rights_changed.connect(hear)
    yield heard
    rights_changed.disconnect(hear)


def test_a_friendship_answers_the_request_that_is_pending_here(site, run):
    users = site[1]
    request = FriendRequest.objects.send(by=users["bob"], to=users["ann"])
    run(*THEIRS)
    request.refresh_from_db()
    assert request.is_accepted


def test_the_number_of_queries_follows_batches_and_not_rows(site, run, django_assert_max_num_queries):
    with django_assert_max_num_queries(60):
        run(*THEIRS)


# the original


def test_the_original_has_one_row_for_a_friendship(old, people, run):
    old("find_friend_backend")
    people("anna", "vasily", "ivan", "maria", "oleg")
    assert run(*ORIGINAL) == [
        "blocks: 1 read, 1 added, 0 there already",
        "friendships: 5 read, 2 added, 1 there already",
        "  1 skipped: one has blocked the other, and a block wins (3)",
        "  1 skipped: somebody and themselves (6)",
        "friend requests: 6 read, 5 added, 0 there already",
        "  1 skipped: pending while another request of the two is (6)",
    ]
    assert friendships() == ["anna-vasily", "ivan-vasily", "vasily-anna", "vasily-ivan"]
    assert requests() == [
        ("anna", "vasily", Status.ACCEPTED, ""),
        ("vasily", "ivan", Status.ACCEPTED, ""),
        ("oleg", "anna", Status.ACCEPTED, ""),
        ("ivan", "anna", Status.PENDING, ""),
        ("maria", "vasily", Status.DECLINED, ""),
    ]
    first = everything()
    run(*ORIGINAL)
    assert everything() == first


def test_a_status_that_nobody_knows_is_left_out(old, people, run):
    connection = old("find_friend_backend")
    people("anna", "vasily", "ivan", "maria", "oleg")
    connection.execute("UPDATE users_friendrequest SET status = 'Odd' WHERE id = 1")
    assert "  1 skipped: the unknown status 'Odd' (1)" in run(*ORIGINAL)
