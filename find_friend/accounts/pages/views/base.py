from __future__ import annotations

from django.contrib.messages import get_messages
from django.http import HttpRequest


def forget_told(request: HttpRequest) -> None:
    """Use up what is still to be told, which is meant for the person who leaves and not for the next one."""
    list(get_messages(request))
