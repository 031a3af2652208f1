import pytest
from django.urls import reverse

from find_friend.friends.models import Block, FriendRequest, Friendship


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
