"""The settings of a site that has templates and styles of its own."""

from tests.pages.settings import *  # noqa: F403
from tests.pages.settings import FOLDER, TEMPLATES

TEMPLATES = [{**TEMPLATES[0], "DIRS": [FOLDER / "templates"]}]
STATICFILES_DIRS = [FOLDER / "styles"]
