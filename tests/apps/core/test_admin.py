import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model

from tests.apps.core.probes import LogEntryAdmin, site

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.apps.core.probes")]


@pytest.fixture
def entries(ann, bob):
    for user in (ann, ann, ann, bob):
        LogEntry.objects.create(user=user, action_flag=CHANGE, object_repr=f"by {user.first_name}")


@pytest.fixture
def desk(client, staff):
    client.force_login(staff)
    return lambda **query: client.get("/admin/admin/logentry/", query).context["cl"]


def test_the_table_is_never_counted(entries, desk, django_assert_max_num_queries):
    with django_assert_max_num_queries(8) as queries:
        found = desk()
    assert found.result_count == 2  # as far as the paginator looks
    assert found.full_result_count is None
    assert not any("COUNT(" in query["sql"] for query in queries.captured_queries)


def test_titles_are_names_alone(entries, client, staff):
    client.force_login(staff)
    assert client.get("/admin/admin/logentry/").context["title"] == "Log entries"
    assert client.get(f"/admin/admin/logentry/{LogEntry.objects.first().pk}/change/").context["title"] == "Log entry"
    assert client.get("/admin/admin/logentry/add/").context["title"] == "Add log entry"


def test_filters_never_count_the_table(entries, desk):
    assert not desk(_facets="True").add_facets


def test_people_are_found_by_user_name_or_address(entries, desk, bob):
    assert [entry.user for entry in desk(q="BOB@exam").queryset] == [bob]
    beginning = bob.get_username().split()[0]
    assert bob in [entry.user for entry in desk(q=beginning).queryset]
    assert list(desk(q="nobody").queryset) == []


def test_other_columns_are_searched_as_well(entries, desk, bob):
    assert [entry.user for entry in desk(q="by Bob").queryset] == [bob]


def test_every_column_is_named_once(rf, monkeypatch):
    model = get_user_model()
    fields = LogEntryAdmin(LogEntry, site).get_search_fields(rf.get("/"))
    assert fields[0] == "object_repr"
    assert len(fields) == len(set(fields))
    monkeypatch.setattr(model, "EMAIL_FIELD", "no_such_column")
    monkeypatch.setattr(model, "USERNAME_FIELD", "last_name")
    assert LogEntryAdmin(LogEntry, site).get_search_fields(rf.get("/")) == [
        "object_repr",
        "user__last_name__istartswith",
    ]
