"""Pictures of every page: python -m tests.pages.screenshots FOLDER [--only NAME ...] [--kinds en-light-360 ...]

A site is started with made-up people, and a headless Chromium takes each page in both languages, light and dark, 360
and 1280 pixels wide. The files are named after page, language, theme and width.
"""

import argparse
import io
import sys
import tempfile
from contextlib import contextmanager
from itertools import product
from pathlib import Path

SIZES = {360: {"width": 360, "height": 740}, 1280: {"width": 1280, "height": 800}}
# What docs/pages.md shows.
CHOSEN = {
    "start-guest": [("en", "light", 1280)],
    "people": [("en", "light", 1280)],
    "person-friend": [("en", "dark", 1280)],
    "requests": [("ru", "light", 360)],
}
PAIR = [("Ann", "en", "light"), ("Mia", "ru", "dark")]  # two friends in their room
KINDS = {"-".join(map(str, kind)): kind for kind in product(("en", "ru"), ("light", "dark"), SIZES)}


def save(picture, path):
    """With few colors: text and plain surfaces need no more, and the file is small."""
    from PIL import Image

    picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def picture_of(window, **options):
    from PIL import Image

    return Image.open(io.BytesIO(window.screenshot(animations="disabled", **options)))


class Camera:
    """Takes pictures of a site that runs."""

    def __init__(self, site, windows):
        self.site, self.windows, self.opened = site, windows, {}

    def window(self, who, language, theme, width):
        kind = (who, language, theme, width)
        if kind not in self.opened:
            options = {
                "locale": language,
                "color_scheme": theme,
                "viewport": SIZES[width],
                "timezone_id": "Europe/Lisbon",
            }
            self.opened[kind] = self.windows(who, **options)
        return self.opened[kind]

    def take(self, page, kind, path):
        """The whole of a page."""
        window = self.window(page.who, *kind)
        window.goto(self.site.seed["pages"][page.name], wait_until="load")
        save(picture_of(window, full_page=True), path)

    def take_pair(self, path):
        """Two friends chat, side by side."""
        from PIL import Image

        windows = [self.window(*kind, 360) for kind in PAIR]
        for window in windows:
            window.goto(self.site.seed["pages"]["room"])
            window.locator("#ff-state[data-status=open]").wait_for(state="attached")
        windows[0].locator(".ff-mark[aria-label=read]").first.wait_for()
        pictures = [picture_of(window) for window in windows]
        both = Image.new("RGB", (sum(one.width for one in pictures) + 24, pictures[0].height), "#808088")
        both.paste(pictures[0], (0, 0))
        both.paste(pictures[1], (pictures[0].width + 24, 0))
        save(both, path)


@contextmanager
def camera():
    from tests.docs.browser import browser
    from tests.pages.sites import Site
    from tests.pages.windows import Windows

    with tempfile.TemporaryDirectory() as place, browser() as chromium:
        site = Site(Path(place))
        windows = Windows(chromium, site)
        with site.serving():
            yield Camera(site, windows)
            windows.close()


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m tests.pages.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these pages")
    parser.add_argument(
        "--kinds", nargs="+", metavar="KIND", choices=KINDS, default=list(KINDS), help="such as ru-dark-360"
    )
    parser.add_argument("--chosen", action="store_true", help="those that the documentation shows")
    options = parser.parse_args(arguments)
    from tests.pages.every import PAGES

    every = {page.name: [KINDS[name] for name in options.kinds] for page in PAGES}
    wanted = CHOSEN if options.chosen else every
    options.folder.mkdir(parents=True, exist_ok=True)
    with camera() as taking:
        for page in PAGES:
            for kind in wanted.get(page.name, []) if not options.only or page.name in options.only else []:
                taking.take(page, kind, options.folder / f"{page.name}-{'-'.join(map(str, kind))}.png")
        if options.chosen:
            taking.take_pair(options.folder / "chat.png")


if __name__ == "__main__":
    main(sys.argv[1:])
