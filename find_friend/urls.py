"""HTTP routes of whichever apps are installed; each app's own ``urls`` can be included alone as well."""

from __future__ import annotations

from django.apps import apps
from django.urls import include, path

from .views import APIRoot

urlpatterns = [
    path("", APIRoot.as_view(), name="find_friend-root"),
    *(
        path("", include(f"{name}.urls"))
        for name in ("find_friend.accounts", "find_friend.friends", "find_friend.chat")
        if apps.is_installed(name)
    ),
]
