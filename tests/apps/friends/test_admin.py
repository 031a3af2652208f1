import pytest
from django.urls import reverse
from django.utils.html import escape

from find_friend.friends.models import Block, FriendRequest, Friendship
from tests.desk import costs, page

PEOPLE = {"friendrequest": ("from_user", "to_user"), "friendship": ("user", "friend"), "block": ("blocker", "blocked")}


@pytest.fixture
def admin_client(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def rows(ann, bob, eve, befriend):
    befriend(ann, bob)
    return {
        "friendrequest": FriendRequest.objects.send(by=eve, to=bob),
        "friendship": Friendship.objects.get(user=ann),
        "block": Block.objects.block(by=ann, user=eve)[0],
    }


@pytest.mark.parametrize("model", ["friendrequest", "friendship", "block"])
def test_rows_are_listed_searched_and_never_typed_in(admin_client, rows, model):
    listed = admin_client.get(reverse(f"admin:find_friend_friends_{model}_changelist"), {"q": "ann@"})
    assert listed.status_code == 200
    assert admin_client.get(reverse(f"admin:find_friend_friends_{model}_add")).status_code == 403
    opened = admin_client.get(reverse(f"admin:find_friend_friends_{model}_change", args=[rows[model].pk]))
    assert opened.status_code == 200
    assert b'name="_save"' not in opened.content


@pytest.mark.parametrize(("model", "cls"), [("friendship", Friendship), ("block", Block)])
@pytest.mark.parametrize("way", ["one", "action"])
def test_removing_a_row_keeps_both_sides_right(admin_client, rows, model, cls, way):
    row = rows[model]
    if way == "one":
        url = reverse(f"admin:find_friend_friends_{model}_delete", args=[row.pk])
        data = {"post": "yes"}
    else:
        url = reverse(f"admin:find_friend_friends_{model}_changelist")
        data = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    assert admin_client.post(url, data).status_code == 302
    assert not cls.objects.exists()


@pytest.mark.parametrize("way", ["one", "action"])
def test_both_sides_of_a_friendship_are_named_before_they_go(admin_client, rows, way):
    side, other = Friendship.objects.order_by("user__first_name")
    if way == "one":
        asked = admin_client.get(page(Friendship, "delete", side.pk))
    else:
        chosen = {"action": "delete_selected", "_selected_action": [side.pk]}
        asked = admin_client.post(page(Friendship), chosen)
    shown = asked.content.decode()
    assert escape(str(Friendship.objects.select_related("user", "friend").get(pk=side.pk))) in shown
    assert escape(str(Friendship.objects.select_related("user", "friend").get(pk=other.pk))) in shown


@pytest.mark.parametrize("model", [FriendRequest, Friendship, Block])
def test_no_page_shows_a_key_of_a_pair(admin_client, rows, model):
    row = rows[model._meta.model_name]
    for shown in (page(model), page(model, "change", row.pk), page(model, "delete", row.pk)):
        assert row.pair_key not in admin_client.get(shown).content.decode()


def test_a_request_shows_when_it_was_sent_and_answered(admin_client, rows, bob):
    request = rows["friendrequest"]
    request.decline(by=bob)
    shown = admin_client.get(page(FriendRequest, "change", request.pk)).content.decode()
    assert "field-created" in shown
    assert "field-answered_at" in shown
    found = admin_client.get(page(FriendRequest), {"status__exact": "declined"})
    assert found.context["cl"].result_count == 1
    assert admin_client.get(page(FriendRequest), {"status__exact": "pending"}).context["cl"].result_count == 0


@pytest.mark.parametrize("model", ["friendrequest", "friendship", "block"])
@pytest.mark.parametrize("name", ["change", "delete", "history"])
def test_a_page_says_who_a_row_is_about(admin_client, rows, model, name):
    row = rows[model]
    shown = admin_client.get(page(type(row), name, row.pk)).content.decode()
    for user in (getattr(row, field) for field in PEOPLE[model]):
        assert f"{user.first_name} {user.last_name}" in shown
        assert name == "history" or escape(user.get_username()) in shown


@pytest.mark.parametrize("model", [FriendRequest, Friendship, Block])
def test_pages_cost_the_same_for_many_rows(admin_client, user_factory, befriend, model):
    def add(number):
        for _ in range(number):
            first, second = user_factory(), user_factory()
            if model is FriendRequest:
                FriendRequest.objects.send(by=first, to=second)
            elif model is Block:
                Block.objects.block(by=first, user=second)
            else:
                befriend(first, second)

    add(2)
    few = costs(admin_client, model, "person")
    add(18)
    assert costs(admin_client, model, "person") == few
