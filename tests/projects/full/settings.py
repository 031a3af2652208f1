"""A site with every app and Django's own user model, which has user names."""

from tests.projects.common import *  # noqa: F403

ROOT_URLCONF = "tests.projects.full.urls"
ASGI_APPLICATION = "tests.projects.full.asgi.application"
