"""Names of browsers, from what they say of themselves in ``User-Agent``."""

from __future__ import annotations

from django.utils.translation import gettext as _

# The first that is found: each says the names of those that it wants to be taken for as well.
BROWSERS = {
    "YaBrowser": "Yandex Browser",
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def describe(user_agent: str) -> str:
    """Such as "Firefox, Linux", in words of the active language where neither is known."""
    found = [next((name for mark, name in names.items() if mark in user_agent), "") for names in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, found)) or _("Unknown browser")
