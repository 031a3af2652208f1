from __future__ import annotations

from django.urls import path

from . import views

app_name = "find_friend_chat_pages"
urlpatterns = [
    path("chats/", views.ChatListView.as_view(), name="chats"),
    path("chats/privacy/", views.PrivacyView.as_view(), name="privacy"),
    path("chats/start/<str:pk>/", views.StartView.as_view(), name="start"),
    path("chats/<str:pk>/", views.RoomView.as_view(), name="room"),
    path("chats/<str:pk>/read/", views.ReadView.as_view(), name="read"),
    path("chats/<str:pk>/messages/<str:seq>/edit/", views.EditView.as_view(), name="edit"),
    path("chats/<str:pk>/messages/<str:seq>/delete/", views.DeleteView.as_view(), name="delete"),
]
