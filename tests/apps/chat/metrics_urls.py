from django.urls import include, path

urlpatterns = [path("", include("find_friend.chat.metrics.urls"))]
