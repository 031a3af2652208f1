"""Fills the site with people and what is between them, and prints keys, sessions and pages as JSON."""

import contextlib
import io
import json
import sys
from importlib import import_module

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.core.management import call_command  # noqa: E402

from find_friend import testing  # noqa: E402
from find_friend.accounts.models import AuthToken, City, Interest, Profile  # noqa: E402
from find_friend.chat.models import Chat, Message  # noqa: E402
from tests.pages import every  # noqa: E402
from tests.pages.sites import NO_PART_OF_PAGES  # noqa: E402

LONG = 1000
NAMES = {
    "Ann": "Archer",  # has some of everything
    "Bob": "Baker",  # a friend, with an empty chat
    "Eve": "Evans",  # a friend, with a long chat
    "Zoe": "Zimmer",  # nothing at all
    "Mia": "Marsh",  # a friend, whose messages wait
    "Leo": "Lang",  # asks Ann
    "Ida": "Ito",  # asks Ann, without words
    "Tom": "Tanner",  # asked by Ann
    "Max": "Moor",  # blocked by Ann
    "Kim": "Keller",  # was a friend once
}
INTERESTS = ["Chess", "Hiking", "Cooking", "Cinema", "Cycling", "Board games"]


def session_of(user):
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


def picture():
    """A hill and a sun."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (320, 320), "#f2c9a1")
    draw = ImageDraw.Draw(image)
    draw.ellipse((180, 50, 260, 130), fill="#fff3dc")
    draw.ellipse((-120, 170, 260, 520), fill="#4c6a57")
    draw.ellipse((120, 210, 480, 560), fill="#36503f")
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return ContentFile(file.getvalue(), "picture.jpg")


def fill_profile(user, number, interests, city):
    profile, _created = Profile.objects.get_or_create(user=user)
    profile.birthday = f"{1988 + number}-0{1 + number % 9}-15"
    profile.city, profile.occupation = city, ("Baker", "Teacher", "Nurse", "Gardener")[number % 4]
    profile.about = "Up early, out often. Always looking for somebody to play with on Sundays."
    profile.save()
    profile.interests.set([interests[number % 6], interests[(number + 2) % 6]])
    return profile


def make_people():
    people = {
        first: testing.create_user(first_name=first, last_name=last, email=f"{first.lower()}@example.com")
        for first, last in NAMES.items()
    }
    interests = [Interest.objects.create(name=name) for name in INTERESTS]
    cities = [
        City.objects.create(name=name, country=country, population=500_000)
        for name, country in (("Lisbon", "PT"), ("Kazan", "RU"))
    ]
    for number, (name, user) in enumerate(people.items()):
        if name != "Zoe":
            profile = fill_profile(user, number, interests, cities[number % 2])
            if name in ("Ann", "Mia"):
                profile.avatar.save("picture.jpg", picture())
    return people


def make_chats(people):
    ann, eve, mia, kim = (people[name] for name in ("Ann", "Eve", "Mia", "Kim"))
    long = testing.create_chat(ann, eve)
    Message.objects.bulk_create(
        Message(chat=long, seq=seq, sender=(ann, eve)[seq % 2], text=f"No. {seq}") for seq in range(1, LONG + 1)
    )
    Chat.objects.filter(pk=long.pk).update(last_seq=LONG)
    long.read(by=ann, seq=LONG)
    talk = testing.create_chat(
        mia,
        ann,
        [
            "Hi Ann! You play chess as well?",
            "I do, badly, and with great joy. Where do you play?",
            "In the park by the river, when it does not rain: https://example.com/chess-in-the-park",
            "Sunday at eleven?",
            "Sunday at eleven! I bring the board, you bring the sun.",
        ],
    )
    talk.post(by=mia, text="And cake. There is always cake.")
    ended = testing.create_chat(ann, kim, ["Good luck in the new city!", "Thank you for everything."])
    from find_friend.friends.models import Friendship

    testing.create_friendship(ann, kim)
    Friendship.objects.unfriend(by=kim, friend=ann)
    return {"chat": testing.create_chat(ann, people["Bob"]).pk, "long": long.pk, "talk": talk.pk, "ended": ended.pk}


def make_all():
    people = make_people()
    ann = people["Ann"]
    for name in ("Bob", "Eve", "Mia"):
        testing.create_friendship(ann, people[name])
    testing.create_friend_request(people["Leo"], ann, "We met at the chess evening. You had the black pieces.")
    testing.create_friend_request(people["Ida"], ann)
    testing.create_friend_request(ann, people["Tom"], "Do you still cycle on Saturdays?")
    testing.create_block(ann, people["Max"])
    chats = make_chats(people)
    tokens = {name: testing.create_token(user, "Phone of Ann" if user == ann else "") for name, user in people.items()}
    testing.create_token(ann, "A tablet")
    known = {
        **chats,
        "keys": {name: str(user.pk) for name, user in people.items()},
        "sessions": {name: session_of(user) for name, user in people.items()},
        "tokens": tokens,
        "token": str(AuthToken.objects.filter(user=ann).values_list("pk", flat=True)[0]),
        "own": Message.objects.get(chat=chats["talk"], seq=4).seq,
    }
    return {**known, "pages": {page.name: page.path(known) for page in every.PAGES}}


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=NO_PART_OF_PAGES)
    print(json.dumps(make_all()))
