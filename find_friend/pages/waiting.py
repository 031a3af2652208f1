from __future__ import annotations

import math

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def waiting_time(seconds: float) -> str:
    """How long that is, in words, rounded up."""
    if seconds <= 60:
        whole = max(1, math.ceil(seconds))
        return ngettext("%(count)d second", "%(count)d seconds", whole) % {"count": whole}
    if seconds <= 3600:
        whole = math.ceil(seconds / 60)
        return ngettext("%(count)d minute", "%(count)d minutes", whole) % {"count": whole}
    whole = math.ceil(seconds / 3600)
    return ngettext("%(count)d hour", "%(count)d hours", whole) % {"count": whole}


def too_often(seconds: float | None) -> str:
    """What a person reads who has to wait."""
    if seconds is None:
        return _("That was a little too often. Try again later.")
    return _("That was a little too often. Try again in %(time)s.") % {"time": waiting_time(seconds)}
