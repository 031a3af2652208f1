from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from . import views

app_name = "find_friend_friends"

router = SimpleRouter()
router.register("friend-requests", views.FriendRequestViewSet, "friend-request")
router.register("friends", views.FriendViewSet, "friend")
router.register("blocks", views.BlockViewSet, "block")

urlpatterns = [path("", include(router.urls))]
