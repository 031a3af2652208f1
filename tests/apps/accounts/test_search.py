import pytest

from find_friend.accounts.models import City, Interest
from find_friend.accounts.search import fold

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Орёл", "орел"), ("ОРЁЛ", "орел"), ("ﬁsh  ＆ Chips ", "fish & chips"), ("Straße", "strasse"), ("İzmir", "i̇zmir")],
)
def test_folding(text, folded):
    assert fold(text) == folded
    assert fold(folded) == folded


def test_prefix_search_in_any_alphabet():
    City.objects.bulk_create([City(name="Йошкар-Ола"), City(name="Орёл"), City(name="Oslo"), City(name="İzmir")])
    assert [city.name for city in City.objects.search("ОРЕ")] == ["Орёл"]
    assert [city.name for city in City.objects.search("йош")] == ["Йошкар-Ола"]
    assert [city.name for city in City.objects.search("OS")] == ["Oslo"]
    assert not City.objects.search("сло")


def test_the_key_follows_a_new_name():
    interest = Interest.objects.create(name="Шахматы")
    interest.name = "Го"
    interest.save()
    assert list(Interest.objects.search("ГО")) == [interest]
    assert not Interest.objects.search("шах")


@pytest.mark.parametrize("path", ["interests/", "cities/"])
class TestLists:
    def test_are_pages_for_signed_in_users(self, api, ann, path):
        model = Interest if path == "interests/" else City
        for name in ("Ёлки", "Book clubs", "елейный"):
            model.objects.create(name=name)
        page = api(ann).get(f"/api/v1/{path}", {"search": "ЕЛ", "limit": 1}).data
        assert len(page["results"]) == 1
        rest = api(ann).get(page["next"]).data
        assert {page["results"][0]["name"], rest["results"][0]["name"]} == {"Ёлки", "елейный"}
        assert rest["next"] is None
        assert len(api(ann).get(f"/api/v1/{path}").data["results"]) == 3
        assert api().get(f"/api/v1/{path}").status_code == 401

    @pytest.mark.parametrize("query", [{"search": "\0"}, {"search": "x" * 101}])
    def test_refuse_nonsense(self, api, ann, path, query):
        assert set(api(ann).get(f"/api/v1/{path}", query).data) == {"search"}

    @pytest.mark.parametrize("cursor", ["x", "cD0w", "cD14", "bz0xJnA9", "\0", "%F0", "bz05OTk5OTk5OTk5OTk5OTk5OTk5"])
    def test_cursors_made_by_hand_are_not_found(self, api, ann, path, cursor):
        assert api(ann).get(f"/api/v1/{path}", {"cursor": cursor}).status_code in (200, 404)


def test_large_cities_come_first(api, ann):
    City.objects.create(name="Small", population=1, country="NL", region="North")
    large = City.objects.create(name="Sizable", population=9)
    found = api(ann).get("/api/v1/cities/", {"search": "s"}).data["results"]
    assert found[0] == {"id": large.pk, "name": "Sizable", "region": "", "country": ""}
    assert found[1]["country"] == "NL"
    assert str(large) == "Sizable"
