"""The Russian catalogue is complete, compiled, and says what clients rely on word for word."""

import gettext
import re
from pathlib import Path

import pytest
from django.utils.translation import override

import find_friend
from find_friend.exceptions import FindFriendError, TooOften

CATALOG = Path(find_friend.__file__).parent / "locale" / "ru" / "LC_MESSAGES" / "django.po"
START = "/api/v1/chats/start/"


def in_context():
    """Context, source and translation, as they stand in the catalogue; plurals are left out."""
    text = re.sub(r'"\n"', "", CATALOG.read_text(encoding="utf-8"))
    found = re.findall(r'^(?:msgctxt "(.+)"\n)?msgid "(.+)"\nmsgstr(?:\[\d])? "(.*)"$', text, re.MULTILINE)
    assert len(found) > 100
    return [tuple(re.sub(r"\\(.)", r"\1", part) for part in entry) for entry in found]


def entries():
    """Pairs of source and translation."""
    return [(source, translation) for _context, source, translation in in_context()]


def test_nothing_is_missing_or_fuzzy():
    assert [source for source, translation in entries() if not translation] == []
    assert "fuzzy" not in CATALOG.read_text(encoding="utf-8")


def test_placeholders_are_kept():
    for source, translation in entries():
        assert sorted(re.findall(r"%\(\w+\)\w", source)) == sorted(re.findall(r"%\(\w+\)\w", translation)), source


def test_the_compiled_catalogue_is_current():
    with CATALOG.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for context, source, translation in in_context():
        found = compiled.pgettext(context, source) if context else compiled.gettext(source)
        assert found == translation


def classes(base):
    return [base, *(found for each in base.__subclasses__() for found in classes(each))]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_errors_are_whole_sentences(language):
    with override(language):
        texts = {str(kind.default_detail) for kind in classes(FindFriendError) if kind.default_detail}
    assert len(texts) > 30
    assert [text for text in texts if not re.fullmatch(r"[A-ZА-Я].*\.", text)] == []


def test_people_are_addressed_without_a_capital_letter():
    assert [text for _source, text in entries() if re.search(r"(?<!\. )(?<!^)\b(Вы|Вас|Вам|Ваш\w*)\b", text)] == []


@pytest.mark.parametrize(
    ("wait", "english", "told"),
    [
        (None, "Try again later.", "Повторите попытку позже."),
        (0.2, "Try again in 1 second.", "Повторите попытку через 1 секунду."),
        (2, "Try again in 2 seconds.", "Повторите попытку через 2 секунды."),
        (5, "Try again in 5 seconds.", "Повторите попытку через 5 секунд."),
        (21, "Try again in 21 seconds.", "Повторите попытку через 21 секунду."),
    ],
)
def test_how_long_to_wait(wait, english, told):
    with override("en"):
        assert str(TooOften(wait).detail) == f"Too many requests. {english}"
    with override("ru"):
        assert str(TooOften(wait).detail) == f"Слишком много запросов. {told}"


@pytest.fixture
def russian(api):
    def client(user=None):
        made = api(user)
        made.credentials(**made._credentials, HTTP_ACCEPT_LANGUAGE="ru")
        return made

    return client


def test_a_chat_with_nobody(russian, ann):
    answer = russian(ann).post(START, {"email": "nobody@example.com"})
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "Нельзя начать чат с несуществующим пользователем.",
    )


def test_a_chat_with_a_stranger(russian, ann, user_factory):
    user_factory(first_name="Тестдва", last_name="Юзердва", email="testuser2@fake.org")
    answer = russian(ann).post(START, {"email": "testuser2@fake.org"})
    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "Чтобы начать чат, вы должны быть в друзьях с пользователем Тестдва Юзердва.",
    )


def test_no_chat_and_somebody_elses(russian, chat, eve):
    missing = russian(eve).get("/api/v1/chats/999999/")
    assert (missing.status_code, missing.json()["detail"]) == (404, "Такого чата не существует.")
    for path in (f"/api/v1/chats/{chat.pk}/", f"/api/v1/chats/{chat.pk}", f"/api/v1/chats/{chat.pk}/messages/"):
        foreign = russian(eve).get(path)
        assert (foreign.status_code, foreign.json()["detail"]) == (403, "Вы не можете просматривать этот чат.")


def test_a_client_without_a_language_gets_the_sites(api, ann, settings):
    settings.LANGUAGE_CODE = "ru"
    answer = api(ann).post(START, {"email": "nobody@example.com"})
    assert answer.json()["detail"] == "Нельзя начать чат с несуществующим пользователем."
    english = api(ann).post(START, {"email": "nobody@example.com"}, headers={"accept-language": "en"})
    assert english.json()["detail"] == "You cannot start a chat with a user who does not exist."
