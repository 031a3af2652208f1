"""Makes find_friend_backend.sql. Runs in the folder ``src`` of that project, with its own settings and models."""

import os
import sys
from datetime import date
from io import BytesIO
from pathlib import Path

import dumping

sys.path.insert(0, str(Path.cwd()))
os.environ.update(DEBUG="True", DJANGO_SECRET_KEY="for the dump only", DJANGO_SETTINGS_MODULE="config.settings")

import django
from django.conf import settings

settings.DATABASES["default"].update(dumping.database())
settings.PASSWORD_HASHERS = dumping.HASHERS
django.setup()

from api.services import FriendRequestService  # noqa: E402
from chat.models import Chat, Message  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from PIL import Image  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402
from users.models import Blacklist, City, FriendRequest, Friendship, Interest, User  # noqa: E402

call_command("migrate", verbosity=0)


def make(first_name, last_name, email, **fields):
    return User.objects.create_user(email, dumping.PASSWORD, first_name=first_name, last_name=last_name, **fields)


def befriend(sender, recipient):
    request = FriendRequest.objects.create(from_user=sender, to_user=recipient)
    FriendRequestService.accept_friend_request(request.pk, recipient)


City.objects.create(name="Абаза")
kazan = City.objects.create(name="Казань")
chess = Interest.objects.create(name="Шахматы")
also_chess = Interest.objects.create(name="шахматы")
linux = Interest.objects.create(name="Linux")
Interest.objects.create(name="Очень длинное название " * 6)

User.objects.create_superuser("root@example.com", dumping.PASSWORD, first_name="Рут", last_name="Рутова")
anna = make(
    "Анна",
    "Сидорова",
    "anna@example.com",
    birthday=date(2000, 3, 15),
    city=kazan,
    sex=User.FEMALE,
    profession="художник",
    purpose="Найти друзей",
    additionally="Рисую",
    network_nick="@anna",
)
vasily = make("Василий", "Пупкин", "Vasily@example.com", sex=User.MALE)
ivan = make("Иван", "Иванов", "ivan@example.com")
maria = make("Мария", "Петрова", "maria@example.com", is_active=False)
oleg = make("Олег", "Орлов", "oleg@example.com")
twin = make("Двойник", "Сидоровой", "ANNA@example.com")
leaver = make("Ушедший", "Человек", "leaver@example.com")
for person, interest in [(anna, chess), (anna, also_chess), (anna, linux), (vasily, linux)]:
    person.interests.add(interest)

picture = BytesIO()
Image.new("RGB", (20, 20), "red").save(picture, "PNG")
vasily.avatar.save("vasily.png", ContentFile(picture.getvalue()))

befriend(anna, vasily)
befriend(vasily, ivan)
befriend(oleg, anna)
befriend(leaver, anna)
FriendRequest.objects.create(from_user=ivan, to_user=anna)
FriendRequest.objects.create(from_user=anna, to_user=ivan)
declined = FriendRequest.objects.create(from_user=maria, to_user=vasily)
FriendRequestService.decline_friend_request(declined.pk, vasily)
Friendship.objects.create(initiator=vasily, friend=anna)
Friendship.objects.create(initiator=ivan, friend=ivan)
Blacklist.objects.create(user=anna, blocked_user=oleg)


def start(initiator, receiver):
    """By its HTTP API, as its clients do."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.get_or_create(user=initiator)[0].key}")
    answer = client.post("/api/v1/chats/start/", {"email": receiver.email}, headers={"host": "localhost"})
    assert answer.status_code == 200, answer.content
    return Chat.objects.get(pk=answer.json()["id"])


def say(chat, sender, text):
    Message.objects.create(chat=chat, sender=sender, text=text)  # what its consumer does


chat = start(anna, vasily)
other = start(vasily, ivan)
left = start(leaver, anna)
say(chat, anna, "Привет!")
say(other, ivan, "Здравствуйте")
say(chat, vasily, "Ну привет, коль не шутишь!")
say(left, leaver, "Пока")
say(left, anna, "Не уходи")
swapped = Chat.objects.create(initiator=vasily, receiver=anna)  # its constraint looks at one direction only
say(swapped, vasily, "Это второй чат")
say(chat, anna, "Вижу")
say(other, anna, "Я здесь чужая")
Chat.objects.create(initiator=oleg, receiver=oleg)
leaver.delete()

dumping.write(
    "find_friend_backend",
    settings.DATABASES["default"]["NAME"],
    [
        "users_user",
        "users_city",
        "users_interest",
        "users_userinterest",
        "users_friendrequest",
        "users_friendship",
        "users_blacklist",
        "chat_chat",
        "chat_message",
        "authtoken_token",
    ],
)
