"""``/healthz`` and ``/readyz``, for a site's root."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("healthz", views.healthz, name="find_friend-healthz"),
    path("readyz", views.readyz, name="find_friend-readyz"),
]
