import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework import serializers

from find_friend.accounts.ages import latest_birthday, today
from find_friend.accounts.filters import PeopleFilter, has_name
from find_friend.accounts.models import City, Interest, Profile
from find_friend.accounts.serializers import avatar_url
from find_friend.policies import Policy
from find_friend.serializers import user_cards

pytestmark = pytest.mark.django_db


class WithPicture(PeopleFilter):
    """A filter of a site: only people with an avatar."""

    picture = serializers.BooleanField(required=False)

    def narrow(self, queryset, wanted):
        assert self.context["request"].user.is_authenticated
        found = super().narrow(queryset, wanted)
        return found.exclude(find_friend_profile__avatar="") if wanted.get("picture") else found


USERS = "/api/v1/users/"
CARD = {"id", "first_name", "last_name", "age", "city", "avatar", "interests", "relationship"}


def names(answer):
    assert answer.status_code == 200, answer.data
    return {card["first_name"] for card in answer.data["results"]}


@pytest.fixture
def people(user_factory):
    """Three people with profiles, and Zed with none."""
    city = City.objects.create(name="Орёл")
    chess, cooking = Interest.objects.create(name="Chess"), Interest.objects.create(name="Cooking")

    def make(first, last, age, sex, interests, **profile):
        user = user_factory(first_name=first, last_name=last)
        row = Profile.objects.create(user=user, birthday=latest_birthday(age, today()), sex=sex, **profile)
        row.interests.set(interests)
        return user

    make("Юлия", "Ёлкина", 20, "female", [chess], city=city)
    make("Émile", "van Berg", 30, "male", [chess, cooking])
    make("Åsa", "Öberg", 40, "female", [cooking], city=city)
    user_factory(first_name="Zed", last_name="Zimmer")
    return {"city": city, "chess": chess, "cooking": cooking}


class TestSearch:
    def test_everybody_active_but_oneself(self, api, ann, people, user_factory):
        user_factory(first_name="Gone", is_active=False)
        assert names(api(ann).get(USERS)) == {"Юлия", "Émile", "Åsa", "Zed"}

    def test_by_profile(self, api, ann, people):
        client = api(ann)
        chess, cooking = people["chess"].pk, people["cooking"].pk
        for query, found in [
            ({"city": people["city"].pk}, {"Юлия", "Åsa"}),
            ({"interest": chess}, {"Юлия", "Émile"}),
            ({"interest": [chess, cooking]}, {"Юлия", "Émile", "Åsa"}),
            ({"sex": "female"}, {"Юлия", "Åsa"}),
            ({"age_min": 20, "age_max": 30}, {"Юлия", "Émile"}),
            ({"age_min": 21}, {"Émile", "Åsa"}),
            ({"age_max": 39}, {"Юлия", "Émile"}),
            ({"sex": "female", "interest": cooking, "city": people["city"].pk}, {"Åsa"}),
            ({"city": 10**18}, set()),
            ({"city": "", "interest": "", "sex": "", "search": ""}, {"Юлия", "Émile", "Åsa", "Zed"}),
        ]:
            answer = client.get(USERS, query)
            assert names(answer) == found, query
            assert len(answer.data["results"]) == len(found), "nobody twice"

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("юл", {"Юлия"}),
            ("ЮЛИЯ", {"Юлия"}),
            ("ёлк", {"Юлия"}),
            ("ёлкина юл", {"Юлия"}),
            ("ém", {"Émile"}),
            ("E\u0301m", {"Émile"}),
            ("VAN", {"Émile"}),
            ("öb åsa", {"Åsa"}),
            ("zi", {"Zed"}),
            ("лия", set()),
            ("z nobody", set()),
            ("%", set()),
            ("_ed", set()),
            ("\\", set()),
        ],
    )
    def test_by_name_in_any_alphabet(self, api, ann, people, text, found):
        assert names(api(ann).get(USERS, {"search": text})) == found

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"age_min": "abc"}, "age_min"),
            ({"age_max": 5000}, "age_max"),
            ({"age_min": -1}, "age_min"),
            ({"age_min": "9" * 5000}, "age_min"),
            ({"city": "x"}, "city"),
            ({"city": 10**40}, "city"),
            ({"interest": "1,2"}, "interest"),
            ({"interest": [1] * 51}, "interest"),
            ({"sex": "robot"}, "sex"),
            ({"search": "x" * 101}, "search"),
            ({"search": "\0"}, "search"),
        ],
    )
    def test_nonsense_is_told_by_field(self, api, ann, query, field):
        answer = api(ann).get(USERS, query)
        assert (answer.status_code, set(answer.data)) == (400, {field})

    @pytest.mark.parametrize(
        "query", ["interest[" + "9" * 5000 + "]=1", "%00=%00", "limit=" + "9" * 5000, "limit=-1", "x=%FF"]
    )
    def test_strange_queries_are_ignored(self, api, ann, query):
        assert api(ann).get(f"{USERS}?{query}").status_code == 200

    @pytest.mark.parametrize(
        "cursor", ["x", "cD14", "bz0xJnA9eA==", "cD0lMDA=", "\0", "bz05OTk5OTk5OTk5OTk5OTk5OTk5OTk="]
    )
    def test_cursors_made_by_hand(self, api, ann, cursor):
        assert api(ann).get(USERS, {"cursor": cursor}).status_code in (200, 404)

    def test_user_models_without_names(self, settings):
        settings.AUTH_USER_MODEL = "auth.Group"
        assert "pk__in" in str(has_name("x"))

    def test_pages(self, api, ann, people):
        url, seen = f"{USERS}?limit=3", []
        while url:
            page = api(ann).get(url).data
            seen += [card["first_name"] for card in page["results"]]
            url = page["next"]
        assert sorted(seen) == ["Zed", "Åsa", "Émile", "Юлия"]

    def test_limits(self, api, ann, configure):
        client = api(ann)
        assert {client.get(USERS).status_code for _ in range(61)} == {200, 429}

    def test_the_number_of_queries_does_not_grow(self, api, ann, people, user_factory):
        client = api(ann)
        client.get(USERS)
        counts = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(USERS, {"limit": 100}).status_code == 200
            counts.append(len(queries))
            for _number in range(20):
                user = user_factory()
                Profile.objects.create(user=user, city=people["city"]).interests.set([people["chess"]])
        assert counts[0] == counts[1] <= 6


class TestCard:
    def test_shows_no_more_than_it_should(self, api, ann, people):
        card = api(ann).get(USERS, {"search": "Юлия"}).json()["results"][0]
        assert set(card) == CARD
        assert card == {
            "id": card["id"],
            "first_name": "Юлия",
            "last_name": "Ёлкина",
            "age": 20,
            "city": "Орёл",
            "avatar": None,
            "interests": [{"id": people["chess"].pk, "name": "Chess"}],
            "relationship": "none",
        }
        assert api(ann).get(f"{USERS}{card['id']}/").json() == card

    def test_people_without_profile(self, api, ann, bob):
        card = api(ann).get(f"{USERS}{bob.pk}/").json()
        assert (card["age"], card["city"], card["avatar"], card["interests"]) == (None, None, None, [])
        Profile.objects.of(bob)
        assert api(ann).get(f"{USERS}{bob.pk}/").json() == card

    def test_oneself(self, api, ann):
        assert api(ann).get(f"{USERS}{ann.pk}/").data["relationship"] == "self"

    @pytest.mark.parametrize("pk", ["x", "0", "-1", "9" * 40, "9" * 5000, "1.5", "%00", "me2", "🙂", "true"])
    def test_who_is_not_there(self, api, ann, pk):
        answer = api(ann).get(f"{USERS}{pk}/")
        assert (answer.status_code, answer.data["code"]) == (404, "user_not_found")

    def test_the_inactive_are_not_there(self, api, ann, bob):
        bob.is_active = False
        bob.save()
        assert api(ann).get(f"{USERS}{bob.pk}/").status_code == 404

    def test_guests_see_nobody(self, api, ann):
        assert api().get(f"{USERS}{ann.pk}/").status_code == 401
        assert api().get(USERS).status_code == 401

    def test_pictures_have_addresses(self, ann):
        Profile.objects.of(ann)
        Profile.objects.update(avatar="a.webp")
        user = get_user_model().objects.get(pk=ann.pk)
        assert avatar_url(user, {}) == "/media/a.webp"

    def test_members_of_a_chat_show_age_and_city(self, api, ann, people, rf, django_assert_num_queries):
        user = get_user_model().objects.get(first_name="Юлия")
        request = rf.get("/")
        request.user = ann
        with django_assert_num_queries(1):
            member = user_cards([user.pk], {"request": request}, role="chat_member")[user.pk]
        assert member == {"email": user.email, "first_name": "Юлия", "last_name": "Ёлкина", "age": 20, "city": "Орёл"}


class ShyZed(Policy):
    """Overrides the single answer only."""

    def may_see(self, user, other):
        return other.first_name != "Zed" and super().may_see(user, other)


class NoWomen(Policy):
    def visible_users(self, queryset, viewer):
        return super().visible_users(queryset, viewer).exclude(find_friend_profile__sex="female")


class TestPolicy:
    def test_an_override_of_the_single_answer_counts(self, api, ann, people, configure):
        configure(POLICY="tests.apps.accounts.test_people.ShyZed")
        assert names(api(ann).get(USERS)) == {"Юлия", "Émile", "Åsa"}
        zed = get_user_model().objects.get(first_name="Zed")
        assert api(ann).get(f"{USERS}{zed.pk}/").status_code == 404

    def test_the_bulk_answer_counts(self, api, ann, people, configure):
        configure(POLICY="tests.apps.accounts.test_people.NoWomen")
        assert names(api(ann).get(USERS)) == {"Émile", "Zed"}


def test_a_filter_of_ones_own(api, ann, bob, eve, configure):
    configure(SERIALIZERS={"people_filter": f"{__name__}.WithPicture"})
    Profile.objects.create(user=bob, avatar="find_friend/avatars/bob.webp")
    Profile.objects.create(user=eve)
    assert names(api(ann).get(USERS, {"picture": "true"})) == {"Bob"}
    assert names(api(ann).get(USERS, {"picture": "true", "search": "ev"})) == set()
    assert names(api(ann).get(USERS)) == {"Bob", "Eve"}
    assert list(api(ann).get(USERS, {"picture": "maybe"}).json()) == ["picture"]
