from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

handler400 = "find_friend.pages.errors.bad_request"
handler403 = "find_friend.pages.errors.permission_denied"
handler404 = "find_friend.pages.errors.page_not_found"
handler500 = "find_friend.pages.errors.server_error"

urlpatterns = [
    path("", include("people.urls")),
    path("admin/", admin.site.urls),
    path("api/", RedirectView.as_view(url="/api/v1/")),
    path("api/v1/", include("find_friend.urls")),
    path("", include("find_friend.openapi.urls")),
    path("", include("find_friend.pages.urls")),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
