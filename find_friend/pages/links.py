from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse


@dataclass
class Link:
    """Somewhere to go, or something to do: with ``method="post"`` it is shown as a button in a form of its own.

    ``style`` is ``""``, ``"primary"``, ``"quiet"`` or ``"danger"``; a ``count`` that is not 0 stands beside the label.
    ``about`` is read out after it, where many links of a page have the same label.
    Links of a lower ``order`` come first; among equals those of the app that stands first.
    """

    label: Any
    url: str
    method: str = "get"
    style: str = ""
    count: int = 0
    about: str = ""
    order: int = 0
    current: str = ""  # where we are: "page" is this page, "true" one above it


def mark_current(found: list[Link], path: str) -> list[Link]:
    """Say which of the links leads to where we are."""
    for link in found:
        if link.url == path:
            link.current = "page"
        elif link.url != "/" and path.startswith(link.url):
            link.current = "true"
    return found


def address(name: str, *args: Any) -> str | None:
    """The path of a page; None where the site has not included the URLs with that name."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return None


def links(*wanted: tuple[Any, str]) -> list[Link]:
    """Links with these labels to the pages of these names, as far as the site has them."""
    found = ((label, address(name)) for label, name in wanted)
    return [Link(label, url) for label, url in found if url is not None]
