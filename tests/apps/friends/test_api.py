import pytest
from django.contrib.auth import get_user_model

from find_friend.friends.models import Block, FriendRequest, Friendship

REQUESTS = "/api/v1/friend-requests/"
CARD_KEYS = {"id", "first_name", "last_name", "age", "city", "avatar", "interests", "relationship"}


def test_asking_and_accepting(api, ann, bob):
    sent = api(ann).post(REQUESTS, {"to_user": bob.pk, "message": "Hi!"})
    assert sent.status_code == 201
    assert set(sent.json()) == {"id", "from_user", "to_user", "status", "message", "created"}
    assert set(sent.json()["to_user"]) == CARD_KEYS
    assert sent.json()["to_user"]["relationship"] == "request_sent"
    assert sent.json()["from_user"]["relationship"] == "self"
    accepted = api(bob).post(f"{REQUESTS}{sent.json()['id']}/accept/")
    assert accepted.status_code == 200
    assert accepted.json()["status"] == "accepted"
    assert accepted.json()["from_user"]["relationship"] == "friends"
    friends = api(ann).get("/api/v1/friends/").json()
    assert friends["next"] is friends["previous"] is None
    assert [card["first_name"] for card in friends["results"]] == ["Bob"]


def test_repeating_is_harmless_and_changing_ones_mind_is_a_conflict(api, ann, bob):
    request = api(ann).post(REQUESTS, {"to_user": bob.pk}).json()
    again = api(ann).post(REQUESTS, {"to_user": bob.pk})
    assert (again.status_code, again.json()) == (200, request)
    for _ in range(2):
        assert api(bob).post(f"{REQUESTS}{request['id']}/decline/").status_code == 200
    late = api(bob).post(f"{REQUESTS}{request['id']}/accept/")
    assert (late.status_code, late.json()["code"]) == (409, "already_answered")
    withdrawn = api(ann).post(f"{REQUESTS}{request['id']}/withdraw/")
    assert (withdrawn.status_code, withdrawn.json()["code"]) == (409, "already_answered")


def test_a_crossing_request_is_accepted(api, ann, bob):
    api(ann).post(REQUESTS, {"to_user": bob.pk})
    crossed = api(bob).post(REQUESTS, {"to_user": ann.pk})
    assert (crossed.status_code, crossed.json()["status"]) == (200, "accepted")


def test_roles_of_a_request(api, ann, bob, eve):
    request = FriendRequest.objects.send(by=ann, to=bob)
    assert api(ann).post(f"{REQUESTS}{request.pk}/accept/").json()["code"] == "not_recipient"
    assert api(bob).post(f"{REQUESTS}{request.pk}/withdraw/").json()["code"] == "not_sender"
    assert api(eve).post(f"{REQUESTS}{request.pk}/accept/").status_code == 404
    assert api(ann).post(f"{REQUESTS}{request.pk}/withdraw/").json()["status"] == "withdrawn"


def test_a_block_hides_a_request(api, ann, bob):
    request = FriendRequest.objects.send(by=ann, to=bob)
    Block.objects.block(by=bob, user=ann)
    assert api(ann).get(REQUESTS, {"direction": "outgoing"}).json()["results"] == []
    assert api(ann).post(f"{REQUESTS}{request.pk}/withdraw/").status_code == 404


def test_lists_by_direction_and_status(api, ann, bob, eve):
    FriendRequest.objects.send(by=bob, to=ann)
    FriendRequest.objects.send(by=eve, to=ann).decline(by=ann)
    mine = FriendRequest.objects.send(by=ann, to=eve)
    get = api(ann).get
    assert len(get(REQUESTS).json()["results"]) == 2
    pending = get(REQUESTS, {"direction": "incoming", "status": "pending"}).json()["results"]
    assert [row["from_user"]["id"] for row in pending] == [bob.pk] or pending[0]["from_user"]["id"] == str(bob.pk)
    outgoing = get(REQUESTS, {"direction": "outgoing"}).json()["results"]
    assert [row["id"] for row in outgoing] == [mine.pk]
    wrong = get(REQUESTS, {"direction": "sideways"})
    assert (wrong.status_code, list(wrong.json())) == (400, ["direction"])


@pytest.mark.parametrize("to_user", [None, True, [], {}, 1.5])
def test_nonsense_is_a_field_error(api, ann, to_user):
    answer = api(ann).post(REQUESTS, {"to_user": to_user}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["to_user"])


@pytest.mark.parametrize("to_user", ["nobody", "\0", 10**40, "0", -1])
def test_unknown_people_are_not_found(api, ann, to_user):
    answer = api(ann).post(REQUESTS, {"to_user": to_user}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "user_not_found")


def test_unknown_and_blocking_people_look_the_same(api, ann, bob):
    Block.objects.block(by=bob, user=ann)
    pk = bob.pk
    hidden = api(ann).post(REQUESTS, {"to_user": pk}, format="json")
    blocked = api(ann).post("/api/v1/blocks/", {"user": pk}, format="json")
    bob.delete()
    gone = api(ann).post(REQUESTS, {"to_user": pk}, format="json")
    assert (hidden.status_code, hidden.content) == (gone.status_code, gone.content) == (404, blocked.content)


def test_conflicts_have_codes(api, ann, bob, befriend, configure):
    assert api(ann).post(REQUESTS, {"to_user": ann.pk}).json()["code"] == "self_request"
    befriend(ann, bob)
    friends = api(ann).post(REQUESTS, {"to_user": bob.pk})
    assert (friends.status_code, friends.json()["code"]) == (409, "already_friends")
    configure(FRIEND_REQUEST_MESSAGE_MAX_LENGTH=3)
    long = api(ann).post(REQUESTS, {"to_user": bob.pk, "message": "four"})
    assert (long.status_code, list(long.json())) == (400, ["message"])


def test_requests_are_limited(api, ann, user_factory, configure):
    configure(THROTTLE_RATES={"friend_request": "1/day"})
    client = api(ann)
    assert client.post(REQUESTS, {"to_user": user_factory().pk}).status_code == 201
    refused = client.post(REQUESTS, {"to_user": user_factory().pk})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0


def test_unfriending(api, ann, bob, befriend):
    befriend(ann, bob)
    assert api(bob).delete(f"/api/v1/friends/{ann.pk}/").status_code == 204
    assert api(bob).delete(f"/api/v1/friends/{ann.pk}/").status_code == 404
    assert api(bob).delete("/api/v1/friends/no.body/").status_code == 404
    assert not Friendship.objects.exists()


def test_blocking_and_lifting(api, ann, bob):
    client = api(ann)
    assert client.post("/api/v1/blocks/", {"user": bob.pk}).status_code == 201
    again = client.post("/api/v1/blocks/", {"user": bob.pk})
    assert (again.status_code, again.json()["relationship"]) == (200, "blocked")
    listed = client.get("/api/v1/blocks/").json()["results"]
    assert [set(card) for card in listed] == [CARD_KEYS]
    assert client.post("/api/v1/blocks/", {"user": ann.pk}).json()["code"] == "self_block"
    assert client.delete(f"/api/v1/blocks/{bob.pk}/").status_code == 204
    assert client.delete(f"/api/v1/blocks/{bob.pk}/").status_code == 404
    assert client.delete("/api/v1/blocks/nobody/").status_code == 404


def test_deactivated_friends_are_left_out(api, ann, bob, befriend):
    befriend(ann, bob)
    get_user_model().objects.filter(pk=bob.pk).update(is_active=False)
    assert api(ann).get("/api/v1/friends/").json()["results"] == []


def test_a_block_of_somebody_deactivated_can_be_lifted(api, ann, bob):
    Block.objects.block(by=ann, user=bob)
    get_user_model().objects.filter(pk=bob.pk).update(is_active=False)
    assert api(ann).delete(f"/api/v1/blocks/{bob.pk}/").status_code == 204


@pytest.mark.parametrize("path", ["friends/", "friend-requests/", "friend-requests/?direction=outgoing", "blocks/"])
def test_lists_cost_the_same_for_one_and_many(
    api, ann, user_factory, befriend, path, django_assert_num_queries, settings
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def more(number):
        for _ in range(number):
            befriend(ann, user_factory())
            FriendRequest.objects.send(by=user_factory(), to=ann)
            FriendRequest.objects.send(by=ann, to=user_factory())
            Block.objects.block(by=ann, user=user_factory())

    client = api(ann)
    more(1)
    with CaptureQueriesContext(
        connection,
    ) as one:
        assert len(client.get(f"/api/v1/{path}").json()["results"]) == 1
    more(11)
    with django_assert_num_queries(len(one)):
        assert len(client.get(f"/api/v1/{path}").json()["results"]) == 12


def test_pages_are_bounded_and_walk_through_everything(api, ann, user_factory, befriend):
    for _ in range(5):
        befriend(ann, user_factory())
    client, seen, url = api(ann), [], "/api/v1/friends/?limit=2"
    while url:
        page = client.get(url).json()
        assert len(page["results"]) <= 2
        seen += [card["id"] for card in page["results"]]
        url = page["next"]
    assert len(seen) == len(set(seen)) == 5
    assert client.get("/api/v1/friends/?cursor=cD1mb28%3D").status_code == 404


def test_guests_are_turned_away(api):
    for path in ("friends/", "friend-requests/", "blocks/"):
        answer = api().get(f"/api/v1/{path}")
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Token")
