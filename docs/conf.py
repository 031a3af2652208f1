"""Sphinx settings. The build needs no network: python -m sphinx -nW -b html docs docs/_build/html"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

import find_friend  # noqa: E402

project = "django-find-friend"
author = "django-find-friend contributors"
copyright = author
version = release = find_friend.__version__

extensions = ["myst_parser", "find_friend_docs", "find_friend_frames", "find_friend_diagrams"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "furo"
html_title = f"{project} {release}"
html_show_sourcelink = False
html_copy_source = False
highlight_language = "python"
