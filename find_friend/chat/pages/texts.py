"""Addresses in texts that people wrote. ``room.js`` has the same rules."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

# Without spaces, quotes, brackets and what changes the direction of writing, or hides.
ADDRESS = re.compile(
    r"\bhttps?://[^\x00-\x20\x7f-\xa0\"<>\\^`{|}\u061c\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]+",
    re.IGNORECASE | re.ASCII,
)
BEHIND = ".,;:!?…'’”»)]*_"  # ends a sentence and not an address


class Piece(NamedTuple):
    text: str
    is_link: bool = False


def pieces(text: str) -> list[Piece]:
    """The text cut into addresses, of ``http`` and ``https`` only, and what is between them."""
    found: list[Piece] = []
    end = 0
    for match in ADDRESS.finditer(text):
        address = without_end(match[0])
        if is_address(address):
            found += [Piece(text[end : match.start()]), Piece(address, is_link=True)]
            end = match.start() + len(address)
    return [piece for piece in [*found, Piece(text[end:])] if piece.text]


def without_end(address: str) -> str:
    while address[-1] in BEHIND and not (address[-1] == ")" and address.count("(") >= address.count(")")):
        address = address[:-1]
    return address


def is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        # Older versions of Python take anything in the brackets of an IPv6 address.
        return parts.hostname is not None and ("[" not in parts.netloc or bool(ip_address(parts.hostname)))
    except ValueError:
        return False
