"""The description at /swagger.json and /swagger.yaml and its two browsers, for the root of a site's URLs."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("swagger.json", views.JSONView.as_view(), name="find_friend-swagger-json"),
    path("swagger.yaml", views.YAMLView.as_view(), name="find_friend-swagger-yaml"),
    path("swagger/", views.SwaggerView.as_view(), name="find_friend-swagger"),
    path("redoc/", views.RedocView.as_view(), name="find_friend-redoc"),
]
