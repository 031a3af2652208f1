"""The description at /swagger.json and /swagger.yaml, its two browsers, and that of the sockets: for a site's root."""

from __future__ import annotations

from django.apps import apps
from django.urls import path

from . import views

urlpatterns = [
    path("swagger.json", views.JSONView.as_view(), name="find_friend-swagger-json"),
    path("swagger.yaml", views.YAMLView.as_view(), name="find_friend-swagger-yaml"),
    path("swagger/", views.SwaggerView.as_view(), name="find_friend-swagger"),
    path("redoc/", views.RedocView.as_view(), name="find_friend-redoc"),
]

if apps.is_installed("find_friend.chat"):
    from . import asyncapi

    urlpatterns += [
        path("asyncapi.json", asyncapi.AsyncAPIView.as_view(), name="find_friend-asyncapi-json"),
        path("asyncapi.yaml", asyncapi.AsyncAPIYAMLView.as_view(), name="find_friend-asyncapi-yaml"),
    ]
