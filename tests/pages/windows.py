"""Windows of a real browser: each has cookies of its own, and what goes wrong in one is kept."""

from contextlib import suppress
from urllib.parse import urlsplit

MEANT = ("net::ERR", "WebSocket connection to", "status of 400")


def until(window, script, arg=None):
    """Wait for a script to say something true. Playwright's own way needs ``eval``, which the pages do not allow."""
    from playwright.sync_api import Error  # tests are skipped, not broken, where it is missing

    for _each in range(600):
        with suppress(Error):  # the page has just changed
            if window.evaluate(script, arg):
                return
        window.wait_for_timeout(50)
    raise AssertionError(f"not true after 30 s: {script}")


class Windows:
    """``windows(name, **options)`` is a page of a context of its own, in which that person is signed in, if any."""

    def __init__(self, chromium, site):
        self.chromium, self.site = chromium, site
        self.contexts, self.problems, self.addresses = [], [], {site.address}

    def __call__(self, name=None, **options):
        options = {"locale": "en-US", "base_url": self.site.address, **options}
        self.addresses.add(options["base_url"])
        context = self.chromium.new_context(**options)
        self.contexts.append(context)
        if name is not None:
            self.sign_in(context, name)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self.hear)
        page.on("dialog", lambda dialog: self.problems.append(dialog.message))
        context.on("request", self.see)
        return page

    def sign_in(self, context, name):
        cookie = {"name": "sessionid", "value": self.site.seed["sessions"][name], "url": self.site.address}
        context.add_cookies([cookie])

    def hear(self, said):
        """Errors and warnings. Servers that end, networks that go and forms that are refused are part of stories."""
        if said.type in ("error", "warning") and not any(words in said.text for words in MEANT):
            self.problems.append(f"{said.text} {said.location}")

    def see(self, request):
        parts = urlsplit(request.url)
        if parts.scheme not in ("blob", "data") and f"{parts.scheme}://{parts.netloc}" not in self.addresses:
            self.problems.append(f"A request to another host: {request.url}")

    def close(self):
        for context in self.contexts:
            context.close()
        self.contexts = []
