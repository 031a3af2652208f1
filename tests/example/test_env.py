import os

import pytest

from example_project.example_project import env


def test_reads_assignments_and_skips_the_rest():
    text = "A=1\n\n# B=2\n  export C = three \nnonsense\nD=\nE=a=b"
    assert env.parse(text) == {"A": "1", "C": "three", "D": "", "E": "a=b"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("plain words", "plain words"),
        ("value # a comment", "value"),
        ("# a comment", ""),
        ("has#inside", "has#inside"),
        ("'kept # here' # gone", "kept # here"),
        ('"two words"', "two words"),
        ('"never closed', '"never closed'),
        ("Пароль", "Пароль"),
    ],
)
def test_values_lose_quotes_and_comments(written, value):
    assert env.parse(f"NAME={written}") == {"NAME": value}


def test_first_file_counts_and_the_environment_wins(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", {"SET": "outside"})
    (tmp_path / "one").write_text("\ufeffSET=file\nNEW=file\n", encoding="utf-8")
    (tmp_path / "two").write_text("OTHER=file\n")
    env.load(tmp_path / "missing", tmp_path / "one", tmp_path / "two")
    assert os.environ == {"SET": "outside", "NEW": "file"}


def test_no_file_is_fine(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    env.load(tmp_path / "missing")
    assert os.environ == {}


def test_words_numbers_and_flags(monkeypatch):
    monkeypatch.setattr(os, "environ", {"HOSTS": " a  b ", "N": "7", "YES": "True", "NO": "off", "EMPTY": ""})
    assert env.words("HOSTS") == ["a", "b"]
    assert env.words("MISSING") == []
    assert (env.number("N", 1), env.number("EMPTY", 1)) == (7, 1)
    assert (env.flag("YES"), env.flag("NO", True), env.flag("EMPTY", True), env.flag("MISSING")) == (
        True,
        False,
        True,
        False,
    )


@pytest.mark.parametrize("read", [env.flag, lambda name: env.number(name, 0)])
def test_a_misspelt_value_is_named(read, monkeypatch):
    monkeypatch.setattr(os, "environ", {"NAME": "Ture"})
    with pytest.raises(ValueError, match=r"NAME is '[Tt]ure'"):
        read("NAME")
