"""People search and the page of a person."""

import re
from datetime import date

import pytest
from django.utils.html import escape
from rest_framework import serializers

from find_friend.accounts.filters import PeopleFilter
from find_friend.accounts.models import City, Interest, Profile
from find_friend.accounts.pages.fields import FEW
from find_friend.pages.links import Link
from find_friend.pages.parts import PageParts
from find_friend.policies import Policy
from tests.apps.accounts.conftest import API, url
from tests.conftest import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def find(page, ann):
    """``find(city="Lisbon")``: first names on the page that Ann sees."""
    client = page(ann)

    def names(**query):
        answer = client.get(url("people"), query)
        assert answer.status_code == 200
        return [card["first_name"] for _row, card in answer.context["items"]]

    return names


@pytest.fixture
def person(user_factory):
    def make(first_name, interests=(), **profile):
        user = user_factory(first_name=first_name)
        Profile.objects.change(user, interests=[interest.pk for interest in interests], **profile)
        return user

    return make


def test_people_are_found(find, person):
    lisbon, porto = (City.objects.create(name=name, country="PT") for name in ("Lisbon", "Porto"))
    chess, hiking = (Interest.objects.create(name=name) for name in ("Chess", "Hiking"))
    person("Bob", [chess], city=lisbon, sex="male", birthday=date(1990, 1, 1))
    person("Cleo", [hiking], city=porto, sex="female", birthday=date(2000, 1, 1))
    assert sorted(find()) == ["Bob", "Cleo"]
    assert find(search="bo") == ["Bob"]
    assert find(city="LISBON, pt") == ["Bob"]
    assert find(sex="female") == ["Cleo"]
    assert find(interest=[chess.pk]) == ["Bob"]
    assert sorted(find(interest=[chess.pk, hiking.pk])) == ["Bob", "Cleo"]
    assert find(age_min=20, age_max=30, city="", sex="", search="") == ["Cleo"]
    assert find(search="Zoe") == []


def test_many_interests_are_written(find, person):
    for number in range(FEW):
        Interest.objects.create(name=f"Interest {number}")
    person("Bob", [Interest.objects.create(name="Chess")])
    person("Cleo")
    assert find(more_interests="chess") == ["Bob"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"city": "Atlantis"}, "city"),
        ({"age_min": "old"}, "age_min"),
        ({"age_max": "9" * 400}, "age_max"),
        ({"sex": "other"}, "sex"),
        ({"interest": "x"}, "interest"),
        ({"search": "\0"}, "search"),
        ({"search": "x" * 101}, "search"),
    ],
)
def test_a_question_without_sense_is_told(page, ann, bob, query, field):
    Interest.objects.create(name="Chess")
    answer = page(ann).get(url("people"), query)
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert answer.context["items"] == []


def test_what_to_do_where_nobody_is(page, ann, bob):
    client = page(ann)
    assert "Nobody fits" in text_of(client.get(url("people"), {"search": "Zoe"}))
    bob.delete()
    alone = text_of(client.get(url("people")))
    assert "Nobody is here yet" in alone
    assert f'href="{url("profile")}"' in alone


class ByOccupation(PeopleFilter):
    occupation = serializers.CharField(required=False, label="Occupation")

    def profile_conditions(self, wanted):
        conditions = super().profile_conditions(wanted)
        if "occupation" in wanted:
            conditions.add(("occupation", wanted["occupation"]), conditions.AND)
        return conditions


def test_filters_of_the_site_are_there(find, person, configure):
    person("Bob", occupation="Baker")
    person("Cleo")
    configure(SERIALIZERS={"people_filter": f"{__name__}.ByOccupation"})
    assert find(occupation="Baker") == ["Bob"]


def test_pages_and_searches_are_counted_together(page, api, ann, configure):
    configure(THROTTLE_RATES={"search": "2/hour"})
    client = page(ann)
    assert client.get(url("people")).status_code == 200
    assert api(ann).get(f"{API}users/").status_code == 200
    assert client.get(url("people")).status_code == 429


def test_more_people_cost_no_more_queries(page, ann, person, django_assert_max_num_queries):
    chess = Interest.objects.create(name="Chess")
    city = City.objects.create(name="Lisbon")
    client = page(ann)

    def queries():
        with django_assert_max_num_queries(40) as found:
            assert client.get(url("people"), {"limit": 100}).status_code == 200
        return len(found)

    person("Bob", [chess], city=city)
    one = queries()
    for number in range(30):
        person(f"Person {number}", [chess], city=city)
    assert queries() == one


def test_the_page_of_a_person(page, ann, bob):
    Profile.objects.change(bob, birthday=date(1990, 1, 1), about="Secret words", occupation="Spy")
    shown = text_of(page(ann).get(url("person", bob.pk)))
    assert "<title>Bob Baker</title>" in shown
    assert re.search(r"\d+ years", shown)
    for secret in ("bob@example.com", "1990", "Secret words", "Spy"):
        assert secret not in shown
    own = text_of(page(ann).get(url("person", ann.pk)))
    assert "Edit the profile" in own


def test_names_are_escaped(page, ann, bob):
    type(bob)._default_manager.filter(pk=bob.pk).update(first_name="<script>alert(1)</script>")
    client = page(ann)
    for address in (url("people"), url("person", bob.pk)):
        shown = text_of(client.get(address))
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert" in shown


def test_somebody_without_a_name(page, ann, bob):
    type(bob)._default_manager.filter(pk=bob.pk).update(first_name="", last_name="")
    shown = text_of(page(ann).get(url("person", bob.pk)))
    assert "<title>No name</title>" in shown
    assert re.search(r'class="ff-avatar ff-large"[^>]*><svg ', shown)


@pytest.mark.parametrize(
    ("came_from", "leads_to"),
    [
        ("http://testserver{people}?search=bo&cursor=x%22", "{people}?search=bo&amp;cursor=x%22"),
        ("http://testserver{people}", "{people}"),
        ("http://testserver/friends/?a=1", "{people}"),
        ("http://elsewhere.example{people}?a=1", "{people}"),
        ("", "{people}"),
    ],
)
def test_the_way_back_to_the_search(page, ann, bob, came_from, leads_to):
    people = url("people")
    shown = text_of(page(ann).get(url("person", bob.pk), headers={"referer": came_from.format(people=people)}))
    assert f'<a class="ff-way-back" href="{leads_to.format(people=people)}">People</a>' in shown


@pytest.mark.parametrize("key", ["nobody", "%00", "9" * 300, "%ED%A0%80", "😀", "-1", "1.5"])
def test_an_id_that_is_none_is_a_page_that_is_not_there(page, ann, key):
    answer = page(ann).get(url("people") + f"{key}/")
    assert answer.status_code == 404
    assert "There is no such user." in text_of(answer)


class Hides(Policy):
    def may_see(self, user, other):
        return other.first_name != "Bob"


def test_who_may_not_be_seen_is_not_there(page, ann, bob, eve, configure):
    configure(POLICY=f"{__name__}.Hides")
    client = page(ann)
    assert client.get(url("person", bob.pk)).status_code == 404
    assert client.get(url("person", eve.pk)).status_code == 200
    assert "Bob" not in text_of(client.get(url("people")))


class Site(PageParts):
    def person_actions(self, request, card):
        return [
            Link(f"Report {card['first_name']}", f"/report/{card['id']}/", style="quiet", order=-1),
            Link(f"Invite {card['first_name']}", f"/invite/{card['id']}/", method="post", style="primary"),
        ]


def test_apps_add_what_one_can_do(page, ann, bob, monkeypatch):
    from django.apps import apps

    config = apps.get_app_config("find_friend")
    monkeypatch.setattr(config, "page_parts", f"{__name__}.Site", raising=False)
    client = page(ann)
    shown = text_of(client.get(url("person", bob.pk)))
    assert f'<form method="post" action="/invite/{escape(bob.pk)}/"' in shown
    assert 0 < shown.index("<h1") < shown.index("Invite Bob") < shown.index("Report Bob")
    assert shown.index("ff-last") < shown.index("Report Bob")
    assert "Invite" not in text_of(client.get(url("person", ann.pk)))
