from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [
    path("", include("find_friend.health.urls")),
    path("other/", lambda request: HttpResponse("other")),
]
