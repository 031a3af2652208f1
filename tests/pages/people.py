"""People as the stories tell of them: they see words, press buttons, follow links and fill in fields."""

import re

from django.utils import translation

from find_friend.testing import PASSWORD


class Person:
    """At a window, in a language. Names of buttons, links and fields are given in English."""

    def __init__(self, window, language="en", scripts=True, name=""):
        self.window, self.language, self.scripts, self.name = window, language, scripts, name

    def word(self, text, context=None):
        with translation.override(self.language):
            return translation.pgettext(context, text) if context else translation.gettext(text)

    def begins_with(self, text, context=None):
        """A name that may go on for those who only hear it: "Accept – Ann Archer", "Friends 1 waiting for you"."""
        return re.compile(rf"^{re.escape(self.word(text, context))}( |$)")

    def open(self, path):
        self.window.goto(path)
        return self

    def press(self, text, context=None):
        self.window.get_by_role("main").get_by_role("button", name=self.begins_with(text, context)).first.click()
        return self

    def follow(self, text, within="main"):
        self.window.locator(within).get_by_role("link", name=self.begins_with(text)).first.click()
        return self

    def fill(self, **fields):
        for name, value in fields.items():
            self.window.fill(f"main [name={name}]", value)
        return self

    def reads(self, text):
        """These words of the page are there."""
        self.window.get_by_role("main").get_by_text(text).first.wait_for()
        return self

    def is_told(self, text, **values):
        """What the page before has led to."""
        self.window.get_by_role("status").get_by_text(self.word(text) % values).wait_for()
        return self

    def sign_up(self, first_name, last_name, email=None):
        self.name = f"{first_name} {last_name}"
        self.open("/").follow("Sign up")
        email = email or f"{first_name}.{last_name}@example.com".lower()
        self.fill(first_name=first_name, last_name=last_name, email=email, password=PASSWORD)
        return self.press("Sign up", "button").is_told("Welcome!")

    def find(self, name):
        """By the search, and onto that person's page."""
        self.follow("People", "header").fill(search=name).press("Search")
        return self.follow_name(name)

    def follow_name(self, name):
        """Onto the page of a person in a list."""
        self.window.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()
        self.window.get_by_role("heading", level=1, name=name).wait_for()
        return self

    # in a room

    def write(self, text):
        self.window.get_by_role("textbox", name=self.word("Write a message")).fill(text)
        if self.scripts:
            self.press("Send")
        else:
            with self.window.expect_navigation():
                self.press("Send")
        return self.sees(text)

    def sees(self, text):
        """The message is there and stored; without scripts one looks again."""
        if not self.scripts:
            self.window.reload()
        line = self.window.locator(".ff-line:not(.ff-pending, .ff-failed) .ff-words")
        line.get_by_text(text, exact=True).wait_for()
        return self

    def lines(self):
        return self.window.locator(".ff-line:not(.ff-pending, .ff-failed) .ff-words").all_inner_texts()

    def is_connected(self):
        """In a room; with scripts a live one."""
        self.window.get_by_role("log").wait_for()
        if self.scripts:
            self.window.locator("#ff-state[data-status=open]").wait_for(state="attached")
        return self

    def finds_the_room_closed(self):
        if not self.scripts:
            self.window.reload()
        self.reads(self.word("This chat has ended. You can still read it, but nobody can write here any more."))
        assert not self.window.get_by_role("textbox").is_visible()
        return self
