"""What scripts add to the pages of accounts, and that these do without."""

import io
import re

import pytest
from PIL import Image

from .windows import until

pytestmark = pytest.mark.server
TOKEN = """
from find_friend.accounts.models import AuthToken, EmailAddress
token, key = AuthToken.objects.issue(EmailAddress.objects.user_for("{email}"), "Phone")
moment = token.last_used_at.replace(hour=20, minute=30)
AuthToken.objects.filter(pk=token.pk).update(created=moment)
"""
MOVED = """() => new Promise((done) => {
  let moved = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { moved += entry.value; }))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(moved), 300);
})"""


def picture(width, height):
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    output = io.BytesIO()
    image.save(output, "PNG")
    return {"name": "me.png", "mimeType": "image/png", "buffer": output.getvalue()}


@pytest.mark.parametrize(("locale", "country"), [("en", "Portugal"), ("ru", "Португалия")])
def test_cities_are_suggested(serving, windows, locale, country):
    zoe = windows("Zoe", locale=locale)
    zoe.goto("/account/")
    zoe.locator("[name=city]").press_sequentially("Lis")
    zoe.wait_for_selector("datalist option", state="attached")
    found = zoe.eval_on_selector_all("datalist option", "options => options.map((option) => option.value)")
    assert found == ["Lisbon, PT"]
    assert zoe.locator("datalist option").inner_text() == f"Lisbon, {country}"
    zoe.fill("[name=city]", found[0])
    zoe.click("main .ff-form button")
    zoe.wait_for_selector(".ff-success")
    assert zoe.input_value("[name=city]") == found[0]


def test_a_picture_is_cut_to_a_square(serving, windows):
    zoe = windows("Zoe")
    zoe.goto("/account/picture/")
    zoe.set_input_files("[name=avatar]", picture(800, 400))
    zoe.wait_for_selector("canvas:visible")
    middle = "(canvas) => [...canvas.getContext('2d').getImageData(256, 256, 1, 1).data]"
    for _ in range(40):
        zoe.press("canvas", "ArrowRight")
    assert zoe.eval_on_selector("canvas", middle) == [255, 0, 0, 255]
    zoe.click("main >> text=Save")
    zoe.wait_for_selector("text=Your picture is saved.")
    until(zoe, "document.querySelector('main img.ff-avatar').naturalWidth > 0")
    size = zoe.eval_on_selector("main img.ff-avatar", "(image) => [image.naturalWidth, image.naturalHeight]")
    assert size[0] == size[1]


def test_a_picture_without_scripts_is_sent_whole(serving, windows):
    zoe = windows("Zoe", java_script_enabled=False)
    zoe.goto("/account/picture/")
    zoe.set_input_files("[name=avatar]", picture(80, 40))
    zoe.click("main >> text=Save")
    zoe.wait_for_selector("text=Your picture is saved.")
    shown = zoe.locator("main img.ff-avatar").bounding_box()
    assert shown["width"] == shown["height"]
    zoe.click("text=Remove the picture")
    zoe.wait_for_selector("text=Your picture is removed.")


def test_the_copy_of_ones_data_is_a_file(serving, windows):
    ann = windows("Ann", java_script_enabled=False)
    ann.goto("/account/data/")
    with ann.expect_download() as download:
        ann.click("text=Get the file")
    assert download.value.suggested_filename == "my-data.json"


def test_times_are_local_from_the_first_page(serving, windows):
    zoe = windows("Zoe", timezone_id="Asia/Tokyo")
    zoe.goto("/account/email/")
    email = zoe.locator("main strong").first.inner_text()
    serving.python("-m", "django", "shell", "-c", TOKEN.format(email=email))
    zoe.context.clear_cookies(name="find_friend_time_zone")
    zoe.goto("/account/devices/")
    since = zoe.locator(".ff-list li", has_text="Phone").first.locator("time").last
    assert re.search(r"\b5:30\sAM", since.inner_text())
    zoe.reload()
    assert "5:30 a.m." in since.inner_text()


def test_a_second_click_sends_nothing(serving, windows):
    guest, sent = windows(), []
    guest.goto("/password-reset/")
    guest.fill("[name=email]", "nobody@example.com")
    guest.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    guest.evaluate("for (let i = 0; i < 3; i++) document.querySelector('main button').click()")
    guest.wait_for_url("**/password-reset/sent/")
    assert len(sent) == 1
    guest.go_back()
    guest.click("main button")
    guest.wait_for_url("**/password-reset/sent/")


def test_nothing_moves_while_pictures_load(serving, windows):
    ann = windows("Ann")
    for path in ("/people/", "/account/", "/account/picture/"):
        ann.goto(path)
        assert ann.evaluate(MOVED) == 0, path


def test_the_colors_can_be_chosen(serving, windows):
    guest = windows(color_scheme="light")
    guest.goto("/sign-in/")
    color = "getComputedStyle(document.body).backgroundColor"
    light = guest.evaluate(color)
    guest.evaluate("document.documentElement.dataset.theme = 'dark'")
    dark = guest.evaluate(color)
    assert dark != light
    guest.emulate_media(color_scheme="dark")
    assert guest.evaluate(color) == dark
    guest.evaluate("document.documentElement.dataset.theme = 'light'")
    assert guest.evaluate(color) == light


def test_wide_navigation_begins_where_one_is(serving, windows):
    zoe = windows("Zoe", locale="ru", viewport={"width": 320, "height": 640})
    for path in ("/account/", "/account/devices/", "/account/data/"):
        zoe.goto(path)
        box = zoe.locator(".ff-side [aria-current]").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
    assert zoe.evaluate("document.querySelector('.ff-side').scrollLeft") > 0
