from __future__ import annotations

from django.urls import path

from . import views

app_name = "find_friend_chat"


urlpatterns = [
    path("chats/", views.ChatViewSet.as_view({"get": "list"}), name="chat-list"),
    path("chats/start/", views.StartChatView.as_view({"post": "create"}), name="chat-start"),
    path("chats/privacy/", views.PrivacyView.as_view({"get": "retrieve", "patch": "update"}), name="chat-privacy"),
    path("chats/<str:pk>/", views.ChatViewSet.as_view({"get": "retrieve"}), name="chat-detail"),
    # The same without the slash, kept out of the API's description.
    path("chats/start", views.StartChatView.as_view({"post": "create"}, schema=None)),
    path("chats/<str:pk>", views.ChatViewSet.as_view({"get": "retrieve"}, schema=None)),
    path(
        "chats/<str:pk>/messages/",
        views.MessageViewSet.as_view({"get": "list", "post": "create"}),
        name="chat-messages",
    ),
    path(
        "chats/<str:pk>/messages/<str:seq>/",
        views.MessageViewSet.as_view({"patch": "update", "delete": "destroy"}),
        name="chat-message",
    ),
    path("chats/<str:pk>/read/", views.ReadView.as_view({"post": "create"}), name="chat-read"),
    path("auth/ws-ticket/", views.TicketView.as_view({"post": "create"}), name="ws-ticket"),
]
