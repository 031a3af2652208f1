"""The start page and the pages of whichever apps are installed; each app has its own ``pages.urls`` besides."""

from __future__ import annotations

from django.apps import apps
from django.urls import include, path

from .landing import LandingView

start = [path("", LandingView.as_view(), name="home")]

urlpatterns = [path("", include((start, "find_friend_pages")))] + [
    path("", include(f"{name}.pages.urls"))
    for name in ("find_friend.accounts", "find_friend.friends", "find_friend.chat")
    if apps.is_installed(name)
]
