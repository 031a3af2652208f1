from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("find_friend.urls")),
    path("", include("find_friend.openapi.urls")),
    path("", include("find_friend.pages.urls")),
]
