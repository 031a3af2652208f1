from __future__ import annotations

from django.urls import path

from . import views

app_name = "find_friend_friends_pages"
urlpatterns = [
    path("friends/", views.FriendsView.as_view(), name="friends"),
    path("friends/requests/", views.IncomingRequestsView.as_view(), name="requests"),
    path("friends/requests/sent/", views.SentRequestsView.as_view(), name="sent-requests"),
    path("friends/blocks/", views.BlocksView.as_view(), name="blocks"),
    path("friends/<str:pk>/ask/", views.AskView.as_view(), name="ask"),
    path("friends/<str:pk>/accept/", views.AcceptView.as_view(), name="accept"),
    path("friends/<str:pk>/decline/", views.DeclineView.as_view(), name="decline"),
    path("friends/<str:pk>/withdraw/", views.WithdrawView.as_view(), name="withdraw"),
    path("friends/<str:pk>/unfriend/", views.UnfriendView.as_view(), name="unfriend"),
    path("friends/<str:pk>/block/", views.BlockView.as_view(), name="block"),
    path("friends/<str:pk>/unblock/", views.UnblockView.as_view(), name="unblock"),
]
