"""Whatever is typed into a form: it is shown again with what is wrong, in words and in the right place."""

import re

import pytest

from tests.pages import axe

pytestmark = pytest.mark.server
LONG = "x" * 5000
# A page, who fills in its form, what is typed, and which fields are marked.
NAMES = {"first_name", "last_name"}
WRONG = {
    "sign-up": (
        None,
        "/sign-up/",
        {"first_name": "4nn", "email": "no address", "password": "1", "birthday": "2999-01-01"},
        NAMES | {"email", "password", "birthday"},
    ),
    "sign-up-password": (
        None,
        "/sign-up/",
        {"first_name": "Nora", "last_name": "Archer", "email": "nora@example.com", "password": "1"},
        {"password"},
    ),
    "sign-up-empty": (None, "/sign-up/", {}, NAMES | {"email", "password"}),
    "sign-up-long": (
        None,
        "/sign-up/",
        {"first_name": LONG, "last_name": LONG, "email": f"{LONG}@example.com", "password": LONG},
        NAMES | {"email", "password"},
    ),
    "sign-in": (None, "/sign-in/", {"email": "ann@example.com", "password": "wrong"}, set()),
    "sign-in-empty": (None, "/sign-in/", {}, {"email", "password"}),
    "password-reset": (None, "/password-reset/", {"email": "nothing"}, {"email"}),
    "password-reset-code": (None, "/password-reset/code/", {}, {"uid", "token"}),
    "password-reset-confirm": (None, "/password-reset/MQ/a-token/", {"new_password": "1"}, set()),
    "profile": (
        "Ann",
        "/account/",
        {"first_name": "4nn", "birthday": "2999-01-01", "city": "Atlantis", "about": LONG},
        {"first_name", "birthday", "city", "about"},
    ),
    "email": ("Ann", "/account/email/", {"new_email": "nothing", "current_password": "wrong"}, {"new_email"}),
    "password": (
        "Ann",
        "/account/password/",
        {"current_password": "wrong", "new_password": "1"},
        {"current_password"},
    ),
    "delete": ("Ann", "/account/delete/", {"current_password": "wrong"}, {"current_password"}),
    "ask": ("Ann", "ask", {"message": LONG}, {"message"}),
    "message": ("Ann", "room", {"text": "   "}, {"text"}),
    "message-edit": ("Ann", "message-edit", {"text": " "}, {"text"}),
}


def marked(window):
    """The fields that say that they are wrong, and whose errors are tied to them for those who only hear them."""
    return set(
        window.eval_on_selector_all(
            "main [aria-invalid=true]",
            """(fields) => fields.filter((field) => {
                const told = (field.getAttribute("aria-describedby") ?? "").split(" ");
                return told.some((id) => document.getElementById(id)?.matches(".ff-errors, .ff-wrong-text"));
            }).map((field) => field.name)""",
        )
    )


BY_SCRIPTS = {"message", "message-edit"}  # are sent by a script where there are scripts
CASES = [
    pytest.param(name, scripts, id=f"{name}{'' if scripts else '-without-scripts'}")
    for name in WRONG
    for scripts in (True, False)
    if not (scripts and name in BY_SCRIPTS)
]


@pytest.mark.parametrize(("name", "scripts"), CASES)
def test_wrong_input(shown, looking, axe_script, name, scripts):
    who, path, typed, wrong = WRONG[name]
    window = looking(who, java_script_enabled=scripts, locale="ru")
    window.goto(shown.seed["pages"].get(path, path))
    form = window.locator("main form[method=post]:has(input:not([type=hidden]), textarea)").first
    for field, value in typed.items():
        control = form.locator(f"[name={field}]")
        control.evaluate(
            "(field, value) => { field.removeAttribute('maxlength'); field.type === 'date' || (field.value = value); }",
            value,
        )
        if control.get_attribute("type") == "date":
            control.fill(value)
    form.locator("button:not([type=button])").first.click()
    window.get_by_role("alert").first.wait_for()
    window.wait_for_load_state()
    assert marked(window) == wrong
    shown_again = {field: form.locator(f"[name={field}]").input_value() for field in typed if "password" not in field}
    assert shown_again == {field: value for field, value in typed.items() if "password" not in field}
    for field in set(typed) - set(shown_again):
        assert form.locator(f"[name={field}]").input_value() == ""
    assert re.search("[а-я]", " ".join(window.get_by_role("alert").all_inner_texts()))
    if scripts:
        assert axe.audit(window, axe_script) == []
