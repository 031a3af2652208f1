"""Those of the full project, and the files that a web server would have."""

from django.conf import settings
from django.urls import re_path
from django.views.static import serve

from tests.projects.full.urls import urlpatterns as project

urlpatterns = [
    re_path("^static/(?P<path>.*)$", serve, {"document_root": settings.STATIC_ROOT}),
    re_path("^media/(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT}),
    *project,
]
