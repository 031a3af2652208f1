"""The diagrams are what their source draws, and the tables in them are those of the models."""

import importlib.util
import re

import pytest
from django.apps import apps

from tests.docs import pages

FOLDER = pages.DOCS / "diagrams"
spec = importlib.util.spec_from_file_location("draw", FOLDER / "draw.py")
draw = importlib.util.module_from_spec(spec)
spec.loader.exec_module(draw)


@pytest.mark.parametrize("make", draw.ALL, ids=lambda make: make.__name__)
def test_files_are_up_to_date_and_shown(make):
    drawing = make()
    assert (FOLDER / f"{drawing.name}.svg").read_text(encoding="utf-8") == drawing.svg()
    assert f"![{drawing.title}](diagrams/{drawing.name}.svg)" in "".join(map(pages.read, pages.every_page()))


@pytest.mark.parametrize(("app", "tables"), [(key[0], tables) for key, tables in draw.TABLES.items()])
def test_tables_are_those_of_the_models(app, tables):
    models = {model.__name__: model for model in apps.get_app_config(f"find_friend_{app}").get_models()}
    assert tables.keys() == models.keys()
    for name, lines in tables.items():
        meta = models[name]._meta
        fields = {field.name: field for field in (*meta.fields, *meta.many_to_many)}
        told = " ".join(lines).partition(";")[0]
        assert set(re.findall(r"\w+", told)) <= fields.keys()
        assert set(re.findall(r"(\w+) →", told)) == {name for name, field in fields.items() if field.is_relation}
