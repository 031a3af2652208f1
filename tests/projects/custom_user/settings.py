"""A site whose own user model has a UUID key and no user name."""

from tests.projects.common import *  # noqa: F403
from tests.projects.common import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.projects.custom_user.members"]
AUTH_USER_MODEL = "members.Member"
ROOT_URLCONF = "tests.projects.full.urls"
ASGI_APPLICATION = "tests.projects.full.asgi.application"
