from django.urls import include, path

urlpatterns = [path("people/", include("find_friend.urls"))]
