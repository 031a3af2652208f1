"""Whole stories of two people, in two windows that know nothing of each other."""

import re

import pytest

from find_friend.testing import PASSWORD
from tests.pages.network import network
from tests.pages.people import Person

pytestmark = pytest.mark.server
WAYS = [
    pytest.param("en", 1280, True, id="en-1280"),
    pytest.param("ru", 360, True, id="ru-360"),
    pytest.param("en", 360, False, id="en-360-without-scripts"),
    pytest.param("ru", 1280, False, id="ru-1280-without-scripts"),
]


def meet(ann, bob):
    """One asks, the other accepts, and they are in their room."""
    ann.sign_up("Nora", "Archer")
    bob.sign_up("Oskar", "Baker")
    ann.find(bob.name).follow("Ask to be friends").fill(message="We met at the lake.").press("Send request")
    ann.is_told("Your request has been sent: %(name)s.", name=bob.name)

    bob.open("/")
    assert bob.window.get_by_role("banner").locator(".ff-count").inner_text().startswith("1")
    bob.follow("Friends", "header").follow("Requests").reads("We met at the lake.").press("Accept")
    bob.is_told("You and %(name)s are friends now.", name=ann.name)
    bob.follow("Friends", "header").follow_name(ann.name).press("Write").is_connected()
    ann.find(bob.name).press("Write").is_connected()
    assert ann.window.url.rpartition("/chats/")[2] == bob.window.url.rpartition("/chats/")[2]


def talk(ann, bob):
    ann.write("Do you still play chess?")
    bob.sees("Do you still play chess?").write("Every Sunday. Сыграем?")
    ann.sees("Every Sunday. Сыграем?")
    assert ann.lines() == bob.lines() == ["Do you still play chess?", "Every Sunday. Сыграем?"]


def part(ann, bob):
    """One ends the friendship, and the room closes for both."""
    room = bob.window.url
    bob.follow("All chats")  # on a small screen the way out of a room
    bob.find(ann.name).follow("Unfriend").reads(bob.word("Unfriend %(name)s?") % {"name": ann.name}).press("Unfriend")
    bob.is_told("You are no longer friends: %(name)s.", name=ann.name)
    bob.open(room)
    for person in (ann, bob):
        person.finds_the_room_closed()
        person.window.reload()
        person.finds_the_room_closed()


@pytest.mark.parametrize(("language", "width", "scripts"), WAYS)
def test_two_people_meet_talk_and_part(serving, windows, language, width, scripts):
    options = {"locale": language, "java_script_enabled": scripts, "viewport": {"width": width, "height": 740}}
    with network(serving.port) as line:
        ann = Person(windows(**options), language, scripts)
        bob = Person(windows(base_url=line.address, **options), language, scripts)
        meet(ann, bob)
        talk(ann, bob)
        if scripts:
            lose_and_find(ann, bob, line)
        part(ann, bob)


def lose_and_find(ann, bob, line):
    """Bob has no network while both write. Once it is back they see the same, in one order."""
    line.lose()
    bob.window.context.set_offline(True)
    ann.write("Are you there?")
    bob.window.get_by_role("textbox").fill("In a tunnel")
    bob.press("Send")
    bob.window.locator(".ff-pending").get_by_text("In a tunnel").wait_for()
    assert "In a tunnel" not in ann.lines()
    line.restore()
    bob.window.context.set_offline(False)
    bob.sees("Are you there?").sees("In a tunnel")
    ann.sees("In a tunnel")
    assert ann.lines() == bob.lines() == [*ann.lines()[:2], "Are you there?", "In a tunnel"]


def test_a_language_is_chosen_and_kept(serving, windows):
    window = windows()
    window.goto("/sign-in/")
    window.get_by_role("link", name="Русский").click()
    person = Person(window, "ru").follow("Sign up")
    window.get_by_role("heading", level=1, name="Регистрация").wait_for()
    person.sign_up("Нора", "Лучникова", "nora@example.com")
    window.locator("html[lang=ru]").wait_for()
    window.get_by_role("link", name="English").click()
    window.locator("html[lang=en]").wait_for()
    window.goto("/people/")
    assert window.get_attribute("html", "lang") == "en"


# The keyboard alone


def tab_to(window, role, name):
    """Go on with the Tab key until what has the focus is called so; and it can be seen where one is."""
    for _ in range(80):
        window.keyboard.press("Tab")
        if window.get_by_role(role, name=name).and_(window.locator(":focus")).count():
            assert window.evaluate(HAS_OUTLINE), f"nobody sees that {name} has the focus"
            return
    raise AssertionError(f"Tab does not lead to {name}")


HAS_OUTLINE = """() => {
    const style = getComputedStyle(document.activeElement);
    const cover = getComputedStyle(document.activeElement, "::after");
    const inside = getComputedStyle(document.activeElement.parentElement);
    return [style, cover, inside].some((one) => one.outlineStyle !== "none" || one.boxShadow !== "none");
}"""


def test_the_keyboard_is_enough_from_sign_in_to_a_message(serving, windows):
    window = windows(viewport={"width": 1280, "height": 800})
    window.goto("/")
    window.keyboard.press("Tab")
    assert window.locator(":focus").inner_text() == "To the content"
    tab_to(window, "link", "Sign in")
    window.keyboard.press("Enter")
    window.get_by_role("heading", level=1, name="Sign in").wait_for()
    tab_to(window, "textbox", "E-mail")
    window.keyboard.type("zoe@example.com")
    window.keyboard.press("Tab")
    window.keyboard.type(PASSWORD)
    window.keyboard.press("Enter")
    window.get_by_role("link", name="Zoe Zimmer").wait_for()
    tab_to(window, "link", "People")
    window.keyboard.press("Enter")
    window.get_by_role("heading", level=1, name="People").wait_for()
    tab_to(window, "searchbox", "Name")
    window.keyboard.type("Bob")
    window.keyboard.press("Enter")
    window.wait_for_url("**search=Bob**")
    tab_to(window, "link", "Bob Baker")
    window.keyboard.press("Enter")
    window.get_by_role("heading", level=1, name="Bob Baker").wait_for()
    tab_to(window, "link", re.compile("^Ask to be friends"))
    window.keyboard.press("Enter")
    window.get_by_role("textbox", name=re.compile("^Message")).wait_for()
    tab_to(window, "textbox", re.compile("^Message"))
    window.keyboard.type("Hello, Bob")
    tab_to(window, "button", "Send request")
    window.keyboard.press("Enter")
    window.get_by_text("Your request has been sent: Bob Baker.").wait_for()

    bob = windows("Bob", viewport={"width": 1280, "height": 800})
    bob.goto("/friends/requests/")
    tab_to(bob, "button", re.compile("^Accept"))
    bob.keyboard.press("Enter")
    bob.get_by_text("You and Zoe Zimmer are friends now.").wait_for()
    bob.goto("/friends/")
    tab_to(bob, "link", "Zoe Zimmer")
    bob.keyboard.press("Enter")
    bob.get_by_role("heading", level=1, name="Zoe Zimmer").wait_for()
    tab_to(bob, "button", re.compile("^Write"))
    bob.keyboard.press("Enter")
    bob.locator("#ff-state[data-status=open]").wait_for(state="attached")
    bob.keyboard.type("Hello, Zoe")
    bob.keyboard.press("Enter")
    Person(bob).sees("Hello, Zoe")
