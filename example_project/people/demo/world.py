"""Puts the demo data together and stores them with a few bulk inserts."""

from datetime import timedelta
from itertools import combinations
from random import Random

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from find_friend.accounts.addresses import email_digest
from find_friend.accounts.models import City, EmailAddress, Interest, Profile
from find_friend.chat.models import Chat, Membership, Message
from find_friend.friends.models import Block, FriendRequest, Friendship
from find_friend.pairs import pair_key

from ..models import User
from .cities import make_cities
from .people import ABOUT, FIRST_NAMES, GREETINGS, INTERESTS, LAST_NAMES, OCCUPATIONS, PURPOSES, feminine
from .talks import TALKS, lines

PASSWORD = "find-a-friend"
USER_1, USER_2, ADMIN = SIGN_INS = ("testuser1@fake.org", "testuser2@fake.org", "admin@fake.org")
COMMUNITIES = {"ru": 8, "en": 5}
COMMUNITY_SIZE = {"ru": 15, "en": 15}
HOMES = {
    "ru": ["Москва", "Санкт-Петербург", "Казань", "Екатеринбург", "Новосибирск", "Нижний Новгород", "Томск", "Сочи"],
    "en": ["London", "Manchester", "Edinburgh", "Dublin", "New York City"],
}
LETTERS = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh sch - y - e yu ya".replace("-", "").split(" "),
        strict=True,
    )
)


def is_seeded():
    return User.objects.filter(email__in=SIGN_INS).exists()


@transaction.atomic
def make_world(password=PASSWORD):
    """Store the demo data; the same every time but for the dates, which are counted back from today."""
    World(password).make()


class Person:
    """A user in the making, with what is needed to give them friends and talks."""

    def __init__(self, user, language, community=None):
        self.user = user
        self.language = language
        self.community = community


class World:
    def __init__(self, password):
        self.random = Random(2024)
        self.now = timezone.now()
        self.password = make_password(password)
        self.emails = set(SIGN_INS)

    def make(self):
        self.make_lists()
        self.make_people()
        self.make_friends()
        self.make_requests()
        self.make_chats()

    def ago(self, days):
        """A moment within the last ``days`` days."""
        return self.now - timedelta(minutes=self.random.randint(30, days * 24 * 60))

    # lists

    def make_lists(self):
        names = {language: list(INTERESTS[language]) for language in INTERESTS}
        Interest.objects.bulk_create(
            [Interest(name=name) for language in names for name in names[language]], ignore_conflicts=True
        )
        by_name = {interest.name: interest for interest in Interest.objects.all()}
        self.interests = {lang: [by_name[name] for name in names[lang] if name in by_name] for lang in names}
        if not City.objects.exists():
            City.objects.bulk_create(make_cities(), batch_size=500)
        known = list(City.objects.order_by("-population", "pk"))
        self.cities = {
            "ru": [city for city in known if city.country == "RU"],
            "en": [city for city in known if city.country in ("GB", "IE", "US", "CA", "AU", "NZ")],
        }

    # people

    def make_people(self):
        self.sign_ins = [
            Person(self.make_user("Тестодин", "Юзеродин", USER_1), "ru"),
            Person(self.make_user("Тестдва", "Юзердва", USER_2), "ru"),
            Person(self.make_user("Админ", "Админов", ADMIN, is_staff=True, is_superuser=True), "ru"),
        ]
        self.profiles = [Profile(birthday=self.birthday(23)), Profile(birthday=self.birthday(23)), Profile()]
        self.hobbies = [[], [], []]
        self.people = [
            self.make_person(language, community)
            for language, count in COMMUNITIES.items()
            for community in range(count)
            for _place in range(COMMUNITY_SIZE[language])
        ]
        self.store_people([*self.sign_ins, *self.people])

    def make_user(self, first_name, last_name, email, **flags):
        return User(
            email=email,
            first_name=first_name,
            last_name=last_name,
            password=self.password,
            date_joined=self.now - timedelta(days=self.random.randint(61, 500)),
            **flags,
        )

    def make_person(self, language, community):
        random = self.random
        sex = random.choice(("male", "female"))
        first_name = random.choice(FIRST_NAMES[language][sex])
        last_name = random.choice(LAST_NAMES[language])
        if language == "ru" and sex == "female":
            last_name = feminine(last_name)
        user = self.make_user(first_name, last_name, self.make_email(first_name, last_name))
        hobbies = self.choose_hobbies(language, community)
        city = self.choose_city(language, community)
        text = random.choice(ABOUT[language]) if random.random() < 0.8 else ""
        self.hobbies.append(hobbies)
        self.profiles.append(
            Profile(
                birthday=self.birthday(round(random.triangular(18, 66, 29))) if random.random() < 0.95 else None,
                city=city,
                sex=sex,
                occupation=random.choice(OCCUPATIONS[language]),
                purpose=random.choice(PURPOSES[language]) if random.random() < 0.7 else "",
                about=text.format(city=city.name, interest=lower_first(hobbies[0].name)),
            )
        )
        return Person(user, language, (language, community))

    def make_email(self, first_name, last_name):
        name = f"{latin(first_name)}.{latin(last_name)}"
        email, number = f"{name}@example.com", 2
        while email in self.emails:
            email, number = f"{name}{number}@example.com", number + 1
        self.emails.add(email)
        return email

    def birthday(self, age):
        """Of somebody who is ``age`` years old today."""
        today = timezone.localdate()
        last = today.replace(year=today.year - age, day=min(today.day, 28))
        return last - timedelta(days=self.random.randint(1, 360))

    def choose_city(self, language, community):
        home = HOMES[language][community]
        near = next((city for city in self.cities[language] if city.name == home), self.cities[language][0])
        return near if self.random.random() < 0.75 else self.random.choice(self.cities[language][:80])

    def choose_hobbies(self, language, community):
        """Two of the four that the community shares, and some of one's own."""
        known = self.interests[language]
        shared = [known[(community * 4 + place) % len(known)] for place in range(4)]
        chosen = [*self.random.sample(shared, 2), *self.random.sample(known, self.random.randint(1, 4))]
        return list(dict.fromkeys(chosen))

    def store_people(self, people):
        users = User.objects.bulk_create([person.user for person in people])
        EmailAddress.objects.bulk_create(
            EmailAddress(user=user, email=user.email, digest=email_digest(user.email), verified_at=user.date_joined)
            for user in users
        )
        for user, profile in zip(users, self.profiles, strict=True):
            profile.user = user
        profiles = Profile.objects.bulk_create(self.profiles)
        links = Profile.interests.through
        links.objects.bulk_create(
            links(profile=profile, interest=hobby)
            for profile, hobbies in zip(profiles, self.hobbies, strict=True)
            for hobby in hobbies
        )

    # friends

    def make_friends(self):
        first, second, admin = self.sign_ins
        close = [person for person in self.people if person.community == ("ru", 0)]
        abroad = [person for person in self.people if person.community == ("en", 0)]
        self.friends = [(first, second), (first, admin)]
        self.friends += [(first, person) for person in [*close[:8], *abroad[:2]]]
        self.friends += [(second, person) for person in close[4:10]]
        self.friends += [pair for pair in combinations(self.people, 2) if self.are_friends(*pair)]
        Friendship.objects.bulk_create(
            (
                Friendship(user=one.user, friend=other.user, pair_key=pair_key(one.user, other.user), created=since)
                for pair in self.friends
                for since in [self.ago(60)]
                for one, other in (pair, pair[::-1])
            ),
            batch_size=500,
        )

    def are_friends(self, one, other):
        if one.community == other.community:
            return self.random.random() < 0.4
        return self.random.random() < (0.012 if one.language == other.language else 0.002)

    def make_requests(self):
        first, second, _admin = self.sign_ins
        ru = [person for person in self.people if person.language == "ru"]
        strangers = self.strangers()
        asked = [(ru[20], first), (ru[35], first), (ru[50], first), (first, ru[65]), (ru[21], second)]
        asked += [next(strangers) for _number in range(60)]
        FriendRequest.objects.bulk_create(self.make_request(*pair) for pair in asked)
        Block.objects.bulk_create(
            Block(blocker=one.user, blocked=other.user, pair_key=pair_key(one.user, other.user))
            for one, other in (next(strangers) for _number in range(6))
        )

    def strangers(self):
        """Pairs of people who have nothing to do with each other yet, none of them twice."""
        taken = {pair_key(one.user, other.user) for one, other in self.friends}
        while True:
            one, other = self.random.sample(self.people, 2)
            key = pair_key(one.user, other.user)
            if key not in taken and one.language == other.language:
                taken.add(key)
                yield one, other

    def make_request(self, one, other):
        key = pair_key(one.user, other.user)
        return FriendRequest(
            from_user=one.user,
            to_user=other.user,
            message=self.random.choice(GREETINGS[one.language]),
            pair_key=key,
            open_key=key,
            created=self.ago(20),
        )

    # chats

    def make_chats(self):
        first, second, admin = self.sign_ins
        mine = [pair for pair in self.friends if first in pair and pair[1] not in (second, admin)]
        others = [pair for pair in self.friends if not set(pair) & set(self.sign_ins)]
        chosen = [*mine[:5], *mine[8:9], *self.random.sample(others, 80)]
        greetings = ["Привет!", "Ну привет, коль не шутишь!"]
        self.chats, self.memberships, self.messages = [], [], []
        self.make_chat(first, second, greetings, days=2)
        self.make_chat(first, admin, [], days=1)
        for one, other in chosen:
            if self.random.random() < 0.5 and first is not one:
                one, other = other, one
            language = "ru" if one.language == other.language == "ru" else "en"
            self.make_chat(one, other, lines(self.random.choice(TALKS[language])), days=55)
        self.store_chats()

    def make_chat(self, one, other, texts, days):
        moment = self.ago(days)
        chat = Chat(
            initiator=one.user,
            receiver=other.user,
            pair_key=pair_key(one.user, other.user),
            last_seq=len(texts),
            created=moment,
        )
        for seq, text in enumerate(texts, start=1):
            moment = min(moment + timedelta(seconds=self.random.randint(20, 1500)), self.now)
            sender = (one, other)[(seq - 1) % 2]
            self.messages.append(Message(chat=chat, seq=seq, sender=sender.user, text=text, created=moment))
        chat.modified = moment
        unread = 0 if len(texts) % 2 else self.random.choice((0, 1))  # who writes has read what came before
        self.chats.append(chat)
        self.memberships.append(Membership(chat=chat, user=one.user, read_seq=max(0, len(texts) - unread)))
        self.memberships.append(Membership(chat=chat, user=other.user, read_seq=len(texts)))

    def store_chats(self):
        Chat.objects.bulk_create(self.chats)
        Membership.objects.bulk_create(self.memberships)
        Message.objects.bulk_create(sorted(self.messages, key=lambda message: message.created), batch_size=500)


def latin(name):
    return "".join(LETTERS.get(letter, letter) for letter in name.lower())


def lower_first(text):
    return text[:1].lower() + text[1:]
