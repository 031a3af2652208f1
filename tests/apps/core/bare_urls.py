"""A site that includes the root and none of the apps."""

from django.urls import path

from find_friend.views import APIRoot

urlpatterns = [path("", APIRoot.as_view())]
