"""The pages of friends: every rule is that of the API, and what happened is told in words."""

import re
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from find_friend import throttling, users
from find_friend.friends.models import Block, FriendRequest, Friendship
from find_friend.friends.policies import FriendsPolicy
from find_friend.pairs import pair_key
from find_friend.serializers import UserSerializer
from tests.conftest import text_of

pytestmark = pytest.mark.django_db
LISTS = ("friends", "requests", "sent-requests", "blocks")
ACTIONS = ("ask", "accept", "decline", "withdraw", "unfriend", "block", "unblock")


def path(name, *args):
    return reverse(f"find_friend_friends_pages:{name}", args=args)


def href(name, *args):
    """The same as it stands in a page: a key may have a quotation mark in it."""
    return escape(path(name, *args))


def browse(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def browser(ann):
    """Ann's."""
    return browse(ann)


@pytest.fixture
def bobs(bob):
    return browse(bob)


def press(client, name, user, **data):
    """What is told after the button."""
    answer = client.post(path(name, user.pk), data, follow=True)
    assert answer.status_code == 200, text_of(answer)
    return text_of(answer)


def buttons(page):
    """Names of our pages that the forms and links of a page lead to."""
    return sorted(set(re.findall(rf"/friends/[^/\"]+/({'|'.join(ACTIONS)})/", page)))


@pytest.mark.parametrize("name", LISTS)
def test_navigation_says_where_one_is(browser, name):
    """Blocked people belong to one's account, though their address begins like that of friends."""
    page = browser.get(path(name)).context["frame"]
    assert [link.url for link in page.navigation if link.current] == ([] if name == "blocks" else [path("friends")])
    assert [link.url for link in page.account_links if link.current] == ([path("blocks")] if name == "blocks" else [])


# who gets in


@pytest.mark.parametrize("name", LISTS)
def test_guests_sign_in_first(name):
    answer = Client().get(path(name))
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"?next={path(name)}")


@pytest.mark.parametrize("name", ACTIONS)
def test_guests_change_nothing(name, ann):
    assert Client().post(path(name, ann.pk)).status_code == 302
    assert not Block.objects.exists()


class Waiting(FriendsPolicy):
    def may_take_part(self, user):
        return False


def test_who_may_not_take_part_sees_friends_but_no_requests(browser, ann, bob, configure):
    FriendRequest.objects.send(by=bob, to=ann)
    configure(POLICY=f"{__name__}.Waiting")
    for name in ("requests", "sent-requests"):
        assert browser.get(path(name)).status_code == 403
    for name in ("ask", "accept", "decline", "withdraw"):
        assert browser.post(path(name, bob.pk)).status_code == 403
    page = text_of(browser.get(path("friends")))
    assert "ff-count" not in page
    assert FriendRequest.objects.pending().count() == 1


# asking


def test_asking_with_a_message(browser, bobs, ann, bob):
    page = text_of(browser.get(path("ask", bob.pk)))
    assert "Bob Baker" in page
    assert 'maxlength="' in page
    told = press(browser, "ask", bob, message="We met at the concert.\n<b>Remember?</b>", next=path("sent-requests"))
    assert "Your request has been sent: Bob Baker." in told
    assert "We met at the concert.<br>&lt;b&gt;Remember?&lt;/b&gt;" in told
    assert "withdraw" in buttons(told)
    page = text_of(bobs.get(path("requests")))
    assert "We met at the concert." in page
    assert "Ann Archer" in page
    assert {"accept", "decline"} <= set(buttons(page))


def test_asking_again_changes_nothing(browser, ann, bob):
    for _ in range(2):
        assert "Your request has been sent" in press(browser, "ask", bob)
    assert FriendRequest.objects.count() == 1


def test_a_crossing_request_makes_friends(browser, ann, bob):
    FriendRequest.objects.send(by=bob, to=ann)
    assert "You and Bob Baker are friends now." in press(browser, "ask", bob, message="Me too!")
    assert Friendship.objects.between(ann, bob).exists()


def test_what_the_api_refuses_the_form_refuses(browser, ann, bob, eve, configure):
    configure(FRIEND_REQUEST_MESSAGE_MAX_LENGTH=5)
    answer = browser.post(path("ask", bob.pk), {"message": "far too long"})
    assert answer.status_code == 200
    assert "at most 5 characters" in answer.context["form"].errors["message"][0]
    assert "far too long" in text_of(answer)
    Friendship.objects.befriend(ann, eve)
    for answer in (browser.post(path("ask", eve.pk), {"message": "Hi"}), browser.get(path("ask", eve.pk))):
        assert answer.status_code == 409
        assert "You are friends already." in text_of(answer)
    assert not FriendRequest.objects.exists()


def test_nobody_asks_themselves(browser, ann):
    for answer in (browser.get(path("ask", ann.pk)), browser.post(path("ask", ann.pk))):
        assert answer.status_code == 400
        assert "You cannot befriend yourself." in text_of(answer)
    for answer in (browser.get(path("block", ann.pk)), browser.post(path("block", ann.pk))):
        assert answer.status_code == 400
        assert "You cannot block yourself." in text_of(answer)


def test_who_is_blocked_is_not_asked(browser, ann, bob):
    Block.objects.block(by=ann, user=bob)
    for answer in (browser.get(path("ask", bob.pk)), browser.post(path("ask", bob.pk))):
        assert answer.status_code == 403
        assert "You may not send a friend request to this user." in text_of(answer)


def test_pages_and_the_api_count_together(browser, ann, bob, eve, configure):
    configure(THROTTLE_RATES={"friend_request": "2/hour"})
    assert throttling.hit("friend_request", f"user {ann.pk}") is None
    press(browser, "ask", bob)
    answer = browser.post(path("ask", eve.pk), {"message": "Hello"})
    assert answer.status_code == 429
    assert "That was a little too often." in text_of(answer)
    assert "Hello</textarea>" in text_of(answer)
    assert browser.post(path("ask", "none")).status_code == 404


# answering


def test_accepting(browser, ann, bob):
    FriendRequest.objects.send(by=bob, to=ann)
    for _ in range(2):
        assert "You and Bob Baker are friends now." in press(browser, "accept", bob)
    page = text_of(browser.get(path("friends")))
    assert "Bob Baker" in page
    assert "unfriend" in buttons(page)


def test_declining_leaves_a_way_back(browser, bobs, ann, bob):
    FriendRequest.objects.send(by=bob, to=ann)
    told = press(browser, "decline", bob)
    assert "You have declined the request: Bob Baker." in told
    assert f'<a href="{href("ask", bob.pk)}">Ask to be friends after all</a>' in told
    late = text_of(browser.post(path("accept", bob.pk), follow=True))
    assert "This friend request has been answered already." in late
    assert "Your request has been sent" in press(browser, "ask", bob)
    press(bobs, "accept", ann)
    assert Friendship.objects.between(ann, bob).exists()


def test_withdrawing_leaves_a_way_back(browser, ann, bob):
    FriendRequest.objects.send(by=ann, to=bob)
    told = press(browser, "withdraw", bob)
    assert "Your request has been withdrawn: Bob Baker." in told
    assert f'<a href="{href("ask", bob.pk)}">Ask to be friends again</a>' in told
    assert "No request of yours is waiting" in told
    assert not FriendRequest.objects.pending().exists()


def test_only_what_is_between_the_two_is_answered(browser, ann, bob, eve):
    FriendRequest.objects.send(by=bob, to=eve)
    FriendRequest.objects.send(by=ann, to=eve)
    for name, user in (("accept", bob), ("decline", bob), ("accept", eve), ("decline", eve), ("withdraw", bob)):
        assert browser.post(path(name, user.pk)).status_code == 404
    assert FriendRequest.objects.pending().count() == 2


@pytest.mark.parametrize("name", ["accept", "decline", "withdraw", "unblock"])
def test_looking_at_a_button_presses_nothing(browser, ann, bob, name):
    FriendRequest.objects.send(by=bob, to=ann)
    answer = browser.get(path(name, bob.pk), {"next": path("friends")})
    assert (answer.status_code, answer["Location"]) == (302, path("friends"))
    assert FriendRequest.objects.pending().exists()


def test_buttons_lead_back_to_where_they_were(browser, ann, bob):
    FriendRequest.objects.send(by=bob, to=ann)
    page = text_of(browser.get(path("requests"), {"limit": "5"}))
    back = quote(f"{path('requests')}?limit=5", safe="")
    assert f'action="{href("accept", bob.pk)}?next={back}"' in page
    answer = browser.post(f"{path('accept', bob.pk)}?next={back}")
    assert answer["Location"] == f"{path('requests')}?limit=5"


def test_too_many_changes_are_told_kindly(browser, ann, bob, configure):
    configure(THROTTLE_RATES={"change": "1/hour"})
    FriendRequest.objects.send(by=bob, to=ann)
    press(browser, "decline", bob)
    assert "That was a little too often." in press(browser, "accept", bob)


# ending and blocking


def test_unfriending_asks_first(browser, ann, bob):
    assert browser.get(path("unfriend", bob.pk)).status_code == 404
    Friendship.objects.befriend(ann, bob)
    page = text_of(browser.get(path("unfriend", bob.pk), {"next": path("friends")}))
    assert "Unfriend Bob Baker?" in page
    assert f'href="{path("friends")}"' in page
    assert Friendship.objects.between(ann, bob).exists()
    told = press(browser, "unfriend", bob, next=path("friends"))
    assert "You are no longer friends: Bob Baker." in told
    assert f'<a href="{href("ask", bob.pk)}">Ask to be friends again</a>' in told
    assert not Friendship.objects.between(ann, bob).exists()
    assert browser.post(path("unfriend", bob.pk)).status_code == 404


def test_blocking_asks_first_and_can_be_lifted(browser, bobs, ann, bob):
    Friendship.objects.befriend(ann, bob)
    page = text_of(browser.get(path("block", bob.pk)))
    assert "Block Bob Baker?" in page
    assert not Block.objects.exists()
    told = press(browser, "block", bob, next=path("friends"))
    assert "You have blocked Bob Baker." in told
    assert buttons(told) == ["unblock"]
    assert "Bob Baker" not in text_of(browser.get(path("friends")))
    assert bobs.get(path("ask", ann.pk)).status_code == 404
    told = press(browser, "unblock", bob)
    assert "No longer blocked: Bob Baker." in told
    assert f'<a href="{href("block", bob.pk)}">Block again</a>' in told
    assert "You have blocked nobody" in told
    assert browser.post(path("unblock", bob.pk)).status_code == 404


def test_a_block_of_somebody_deactivated_can_be_lifted(browser, ann, bob):
    if not users.has_field("is_active"):
        pytest.skip("this user model has no such column")
    Block.objects.block(by=ann, user=bob)
    get_user_model()._default_manager.filter(pk=bob.pk).update(is_active=False)
    assert "No longer blocked: Bob Baker." in press(browser, "unblock", bob)


def test_who_has_blocked_one_does_not_exist(browser, ann, bob):
    Block.objects.block(by=bob, user=ann)
    for name in ACTIONS:
        answers = [browser.post(path(name, bob.pk))]
        answers += [browser.get(path(name, bob.pk))] if name in ("ask", "unfriend", "block") else []
        assert [answer.status_code for answer in answers] == [404] * len(answers), name


NO_IDS = ["none", "0", "-1", "1.5", "9" * 30, "%00", "%F0%9F%90%88", "a%20b", "%ff", "NaN", "..%2F", "🐈"]


@pytest.mark.parametrize("key", NO_IDS)
def test_an_id_that_is_none_is_a_page_that_is_not_there(browser, key, eve):
    for name in ACTIONS:
        address = path(name, "KEY").replace("KEY", key)
        assert browser.post(address).status_code in (403, 404), name
        assert browser.get(address).status_code in (302, 404), name


@pytest.mark.parametrize("name", LISTS)
def test_cursors_made_by_hand(browser, name):
    for cursor in ("nonsense", "cD1hYmM=", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ==", "\0"):
        assert browser.get(path(name), {"cursor": cursor}).status_code in (200, 404)
    assert browser.get(path(name), {"limit": "-1", "next": "//elsewhere.example"}).status_code == 200


def test_strange_texts_are_refused_or_kept(browser, ann, bob):
    assert browser.post(path("ask", bob.pk), {"message": "a\0b"}).status_code == 200
    assert not FriendRequest.objects.exists()
    press(browser, "ask", bob, message="\u202egnp.exe <script>alert(1)</script>", next=path("sent-requests"))
    page = text_of(browser.get(path("sent-requests")))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("name", ["ask", "accept", "unfriend", "block"])
def test_forms_from_elsewhere_are_refused(ann, bob, name):
    FriendRequest.objects.send(by=bob, to=ann)
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann)
    answer = client.post(path(name, bob.pk))
    assert answer.status_code == 403
    assert not Friendship.objects.exists()


# lists


def test_empty_lists_say_what_to_do_next(browser, ann, bob):
    texts = {
        "friends": "No friends yet",
        "requests": "Nobody is waiting for your answer",
        "sent-requests": "No request of yours is waiting",
        "blocks": "You have blocked nobody",
    }
    for name, text in texts.items():
        assert text in text_of(browser.get(path(name)))
    FriendRequest.objects.send(by=bob, to=ann)
    assert f'href="{path("requests")}">See the requests</a>' in text_of(browser.get(path("friends")))


def fill(ann, made, number, user_factory):
    """So many of everything."""
    people = [user_factory(first_name=f"Person{place}") for place in range(len(made), len(made) + number)]
    made += people
    for place, person in enumerate(people):
        if place % 4 == 0:
            Friendship.objects.befriend(ann, person)
        elif place % 4 == 1:
            FriendRequest.objects.send(by=person, to=ann, message="Hi")
        elif place % 4 == 2:
            FriendRequest.objects.send(by=ann, to=person)
        else:
            Block.objects.block(by=ann, user=person)


def costs(client, django_assert_max_num_queries):
    found = {}
    for name in LISTS:
        with django_assert_max_num_queries(40) as queries:
            assert client.get(path(name), {"limit": "100"}).status_code == 200
        found[name] = len(queries)
    return found


def test_lists_cost_the_same_however_long(browser, ann, user_factory, django_assert_max_num_queries):
    made = []
    fill(ann, made, 8, user_factory)
    few = costs(browser, django_assert_max_num_queries)
    fill(ann, made, 60, user_factory)
    assert costs(browser, django_assert_max_num_queries) == few


def many_people(number):
    """Made at once."""
    model = get_user_model()
    field = model.USERNAME_FIELD
    names = [f"friend{place}@example.com" for place in range(number)]
    model._default_manager.bulk_create([model(**{field: name}) for name in names])
    return list(model._default_manager.filter(**{f"{field}__in": names}))


def test_a_thousand_friends_cost_what_ten_do(browser, ann, django_assert_max_num_queries):
    counts = []
    friends = many_people(1000)
    for part in (friends[:10], friends[10:]):
        Friendship.objects.bulk_create(
            Friendship(user=one, friend=other, pair_key=pair_key(one, other))
            for friend in part
            for one, other in ((ann, friend), (friend, ann))
        )
        with django_assert_max_num_queries(40) as queries:
            page = text_of(browser.get(path("friends")))
        counts.append(len(queries))
    assert Friendship.objects.of(ann).count() == 1000
    assert 'rel="next"' in page
    assert counts[0] == counts[1]


def test_lists_are_cut_into_pages(browser, ann, user_factory):
    for number in range(5):
        Friendship.objects.befriend(ann, user_factory(first_name=f"Friend{number}", last_name=""))
    names, address = [], f"{path('friends')}?limit=2"
    while address:
        page = text_of(browser.get(address))
        names += re.findall(r"(Friend\d) ?<", page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        address = more and path("friends") + more[1].replace("&amp;", "&")
    assert list(dict.fromkeys(names)) == [f"Friend{number}" for number in (4, 3, 2, 1, 0)]


class OneByOne(FriendsPolicy):
    def may_see(self, user, other):
        return other.first_name != "Hidden" and super().may_see(user, other)


def test_a_policy_of_single_answers_is_asked(browser, ann, bob, user_factory, configure):
    hidden = user_factory(first_name="Hidden")
    for person in (bob, hidden):
        FriendRequest.objects.send(by=person, to=ann)
    configure(POLICY=f"{__name__}.OneByOne")
    page = text_of(browser.get(path("requests")))
    assert "Bob Baker" in page
    assert "Hidden" not in page
    assert '<span class="ff-count">1<' in page
    assert browser.post(path("accept", hidden.pk)).status_code == 404
    Block.objects.block(by=ann, user=hidden)
    assert "Hidden" in text_of(browser.get(path("blocks")))


def test_people_without_a_name(browser, ann, user_factory):
    nobody = user_factory(first_name="", last_name="")
    assert "Your request has been sent: No name." in press(browser, "ask", nobody)


# what friends adds to the pages of others


def test_the_navigation_counts_who_waits(browser, bobs, ann, bob, eve):
    for person in (bob, eve):
        FriendRequest.objects.send(by=person, to=ann)
    link = re.search(
        rf'<a href="{path("friends")}" aria-current="page">Friends <span class="ff-count">(\d+)',
        text_of(browser.get(path("friends"))),
    )
    assert link[1] == "2"
    assert "ff-count" not in text_of(bobs.get(path("friends")))


@pytest.fixture
def parts():
    from find_friend.friends.pages.parts import FriendsParts

    return FriendsParts()


@pytest.fixture
def request_of(rf):
    def made(user, where="/people/?q=a"):
        request = rf.get(where)
        request.user = user
        return request

    return made


EXPECTED = {
    "self": ([], []),
    "none": (["ask"], ["ask", "block"]),
    "request_sent": (["withdraw"], ["withdraw", "block"]),
    "request_received": (["accept", "decline"], ["accept", "decline", "block"]),
    "friends": ([], ["unfriend", "block"]),
    "blocked": (["unblock"], ["unblock"]),
}


@pytest.mark.parametrize("relationship", EXPECTED)
def test_what_can_be_done_depends_on_what_people_are_to_each_other(parts, request_of, ann, relationship):
    card = {"id": 7, "first_name": "Bob", "last_name": "", "relationship": relationship}
    on_cards, on_the_page = EXPECTED[relationship]
    request = request_of(ann)
    for found, expected in (
        (parts.card_actions(request, card), on_cards),
        (parts.person_actions(request, card), on_the_page),
    ):
        assert [link.url for link in found] == [f"{path(name, 7)}?next=%2Fpeople%2F%3Fq%3Da" for name in expected]
        assert {link.about for link in found} <= {"Bob"}
        buttons = {"accept", "decline", "withdraw", "unblock"}
        assert [link.method for link in found] == ["post" if name in buttons else "get" for name in expected]


def test_a_key_that_fits_no_address_has_no_buttons(parts, request_of, ann):
    assert parts.person_actions(request_of(ann), {"id": "a/b", "relationship": "none"}) == []


def test_guests_have_no_friends(parts, request_of):
    from django.contrib.auth.models import AnonymousUser

    assert parts.navigation(request_of(AnonymousUser())) == []


def test_news(parts, request_of, ann, bob, eve, user_factory):
    assert parts.news(request_of(ann)) == []
    FriendRequest.objects.send(by=bob, to=ann)
    Friendship.objects.befriend(ann, eve)
    old = user_factory()
    Friendship.objects.befriend(ann, old)
    Friendship.objects.filter(friend=old).update(created="2020-01-01T00:00:00Z")
    found = [(link.label, link.url) for link in parts.news(request_of(ann))]
    assert found == [
        ("1 person wants to be friends with you", path("requests")),
        ("1 new friend this week", path("friends")),
    ]


class Shy(UserSerializer):
    def get_last_name(self, user):
        return ""


def test_the_card_decides_which_name_is_shown(browser, ann, bob, configure):
    configure(SERIALIZERS={"user": f"{__name__}.Shy"})
    assert "Your request has been sent: Bob." in press(browser, "ask", bob)


def test_pages_in_russian(browser, ann, bob):
    browser.get(f"{path('friends')}?language=ru")
    page = text_of(browser.get(path("friends")))
    assert '<html lang="ru">' in page
    assert "Пока нет друзей" in page


# blocking without a confirmed address


def block_everywhere(browser, api, user):
    """Status of the question, of the button and of the call."""
    asked = browser.get(path("block", user.pk))
    pressed = browser.post(path("block", user.pk))
    called = api.post("/api/v1/blocks/", {"user": user.pk})
    return [asked, pressed, called]


def test_blocking_shows_no_strangers_to_who_may_not_take_part(browser, api, ann, bob, configure):
    configure(POLICY=f"{__name__}.Waiting")
    answers = block_everywhere(browser, api(ann), bob)
    assert [answer.status_code for answer in answers] == [403] * 3
    assert not any("Baker" in text_of(answer) for answer in answers)
    assert answers[2].json()["code"] == "email_not_verified"
    assert "Baker" not in text_of(browser.get(path("blocks")))
    assert not Block.objects.exists()


@pytest.mark.parametrize(
    "relate",
    [
        Friendship.objects.befriend,
        lambda ann, bob: FriendRequest.objects.send(by=ann, to=bob),
        lambda ann, bob: FriendRequest.objects.send(by=bob, to=ann).decline(by=ann),
        lambda ann, bob: Block.objects.block(by=ann, user=bob),
    ],
    ids=["friend", "request", "declined", "block"],
)
def test_who_may_not_take_part_blocks_people_they_know(browser, api, ann, bob, configure, relate):
    relate(ann, bob)
    configure(POLICY=f"{__name__}.Waiting")
    answers = block_everywhere(browser, api(ann), bob)
    assert [answer.status_code for answer in answers] == [200, 302, 200]
    assert "Bob Baker" in text_of(answers[0])
    assert Block.objects.between(ann, bob).exists()
