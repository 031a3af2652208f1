"""Users, profiles and reference lists of the original, and the tokens of rest_framework.authtoken."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from django.db import models, transaction
from django.utils import timezone

from find_friend import users
from find_friend.conf import app_settings
from find_friend.fingerprints import fingerprint, secret_digest
from find_friend.importing.importer import NOT_HERE, Importer, columns
from find_friend.importing.people import ByEmail, folded, owners_of
from find_friend.importing.report import Tally
from find_friend.importing.tables import Key, OldTable
from find_friend.locks import lock

from .authentication import LEGACY_KEY
from .models import AuthToken, City, Interest, Profile, Sex
from .search import fold

# Columns of a user that are taken over as they are, where the site's user model has them.
TAKEN_OVER = [
    "password",
    "last_login",
    "is_superuser",
    "is_staff",
    "is_active",
    "date_joined",
    "first_name",
    "last_name",
]
SEXES = {"М": Sex.MALE, "Ж": Sex.FEMALE}


class FindFriendBackend(Importer):
    """The original: users are found by their address, and made where nobody has it."""

    match = "email"
    user_table = "users_user"
    interests = OldTable("users_interest", name=models.CharField())
    cities = OldTable("users_city", name=models.CharField())
    interest_links = OldTable(
        "users_userinterest", user=Key(db_column="user_id"), interest=Key(db_column="interest_id")
    )

    def prepare(self) -> None:
        if self.options.match == "key":
            raise CommandError("Users of this source are found by e-mail address, not by key.")
        self.people: ByEmail = ByEmail(self.options.database, self.old_users)
        self.old_people = old_people(self.old_users).open(self.options.database)
        self.old_interests = self.open(self.interests)
        self.old_cities = self.open(self.cities)
        self.old_links = self.open(self.interest_links)

    def store(self) -> None:
        self.stage("interests", self.old_interests, partial(store_names, Interest), columns())
        self.stage("cities", self.old_cities, partial(store_names, City), columns())
        self.stage("users", self.old_people, self._store_users, columns("pk"))
        self.stage("profiles", self.old_people, self._store_profiles, columns("pk"))

    def _store_users(self, rows: list[Any], people: dict[Any, Any], tally: Tally) -> None:
        new = [row for row in rows if row.pk not in people]
        tally.known = len(rows) - len(new)
        taken = owners_of({row.email for row in new})
        made = []
        for row in new:
            if row.pk in self.people.twins or folded(row.email) in taken:
                tally.skip("an address that somebody else has too", row.pk)
            elif not folded(row.email):
                tally.skip("no address", row.pk)
            else:
                made.append(new_user(row))
        get_user_model()._base_manager.bulk_create(made)
        tally.added = len(made)

    def _store_profiles(self, rows: list[Any], people: dict[Any, Any], tally: Tally) -> None:
        there = set(Profile.objects.filter(user__in=people.values()).values_list("user", flat=True))
        new = []
        for row in rows:
            if row.pk not in people:
                tally.skip(NOT_HERE, row.pk)
            elif people[row.pk] in there:
                tally.known += 1
            else:
                new.append(row)
        cities = keys_by_old_key(self.old_cities.filter(pk__in={row.city for row in new} - {None}), City)
        profiles = Profile.objects.bulk_create(
            new_profile(row, people[row.pk], cities.get(row.city), timezone.now()) for row in new
        )
        self._store_interests({row.pk: people[row.pk] for row in new}, profiles)
        tally.added = len(new)

    def _store_interests(self, people: dict[Any, Any], profiles: list[Profile]) -> None:
        links = list(self.old_links.filter(user__in=set(people)))
        interests = keys_by_old_key(self.old_interests.filter(pk__in={link.interest for link in links}), Interest)
        profile_of = {profile.user_id: profile.pk for profile in profiles}
        # A set: two spellings of one interest are one.
        pairs = {
            (profile_of[people[link.user]], interests[link.interest]) for link in links if link.interest in interests
        }
        through = Profile.interests.through
        through._default_manager.bulk_create(
            through(profile_id=profile, interest_id=interest) for profile, interest in sorted(pairs)
        )


def old_people(name: str) -> OldTable:
    """The table of users, whose name the command line may change."""
    flags = {flag: models.BooleanField() for flag in ("is_superuser", "is_staff", "is_active")}
    names = ("email", "password", "first_name", "last_name", "avatar", "profession", "sex", "purpose", "additionally")
    return OldTable(
        name,
        last_login=models.DateTimeField(null=True),
        date_joined=models.DateTimeField(),
        birthday=models.DateField(null=True),
        city=Key(db_column="city_id", null=True),
        **flags,
        **{column: models.CharField(null=True) for column in names},
    )


def store_names(model: type[Interest] | type[City], rows: list[Any], people: Any, tally: Tally) -> None:
    """Entries of a reference list that we have not yet, compared without regard to case."""
    longest = longest_of(model, "name")
    wanted: dict[str, str] = {}
    for row in rows:
        name = row.name.strip()
        if not name or len(name) > longest:
            tally.skip("a name that is empty or too long", row.pk)
        elif fold(name) in wanted:
            tally.known += 1
        else:
            wanted[fold(name)] = name
    found = model._default_manager.filter(search_key__in=set(wanted))
    lock(found)
    there = set(found.values_list("search_key", flat=True))
    new: list[Any] = [model(name=name) for key, name in wanted.items() if key not in there]
    # Conflicts: MariaDB holds more texts for equal than we do.
    model._default_manager.bulk_create(new, ignore_conflicts=True)
    tally.added, tally.known = len(new), tally.known + len(wanted) - len(new)


def keys_by_old_key(rows: models.QuerySet[Any], model: type[Interest] | type[City]) -> dict[Any, Any]:
    """Key of our entry with the same name, the largest city of several, by old key."""
    names = {key: fold(name) for key, name in rows.values_list("pk", "name")}
    order = ["population", "-pk"] if model is City else ["pk"]
    ours = model._default_manager.filter(search_key__in=set(names.values())).order_by(*order)
    found = dict(ours.values_list("search_key", "pk"))
    return {old: found[name] for old, name in names.items() if name in found}


def new_user(row: Any) -> Any:
    model = get_user_model()
    fields = {name: fitting(name, getattr(row, name)) for name in TAKEN_OVER if users.has_field(name)}
    fields[str(users.email_field())] = folded(row.email)
    fields.setdefault(model.USERNAME_FIELD, fitting(model.USERNAME_FIELD, uuid.uuid4().hex))
    return model(**fields)


def fitting(name: str, value: Any) -> Any:
    """The value, cut to the length of the site's column."""
    return value[: longest_of(get_user_model(), name)] if isinstance(value, str) else value


def longest_of(model: Any, name: str) -> Any:
    return model._meta.get_field(name).max_length


def new_profile(row: Any, user: Any, city: Any, now: Any) -> Profile:
    return Profile(
        user_id=user,
        birthday=row.birthday,
        city_id=city,
        sex=SEXES.get(row.sex, ""),
        occupation=row.profession or "",
        purpose=row.purpose or "",
        about=row.additionally or "",
        avatar=row.avatar or "",
        created=now,
        modified=now,
    )


class AuthtokenImporter(Importer):
    """rest_framework.authtoken: of each key the digest is stored, so clients go on with the keys they have."""

    tokens = OldTable(
        "authtoken_token",
        key=models.CharField(primary_key=True),
        user=Key(db_column="user_id"),
        created=models.DateTimeField(),
    )

    def prepare(self) -> None:
        super().prepare()
        self.old_tokens = self.open(self.tokens)

    def store(self) -> None:
        self.stage("tokens", self.old_tokens, self._store_tokens, columns("user"))

    def _store_tokens(self, rows: list[Any], people: dict[Any, Any], tally: Tally) -> None:
        owners = get_user_model()._base_manager.in_bulk(people.values())
        digests = {row.pk: secret_digest(row.key) for row in rows}
        there = set(AuthToken.objects.filter(digest__in=digests.values()).values_list("digest", flat=True))
        new, taken = [], []
        for row in rows:
            owner = owners.get(people.get(row.user))
            reason = reason_to_skip(row.key, owner)
            if reason is not None:
                # The key is a secret: what is shown is whose it is.
                tally.skip(reason, f"user {row.user}")
                continue
            taken.append(row.key)
            if digests[row.pk] not in there:
                new.append(self._token(row, owner, digests[row.pk]))
        AuthToken.objects.bulk_create(new)
        tally.added, tally.known = len(new), len(taken) - len(new)
        if self.options.move:
            # After the commit, since the old table may be in another database.
            transaction.on_commit(lambda: self.old_tokens.filter(pk__in=taken).delete(), using=self.database)

    def _token(self, row: Any, owner: Any, digest: str) -> AuthToken:
        now = timezone.now()
        return AuthToken(
            digest=digest,
            user=owner,
            fingerprint=fingerprint(owner),
            created=row.created,
            last_used_at=now,
            expires_at=now + app_settings.TOKEN_TTL,
        )


def reason_to_skip(key: str, owner: Any) -> str | None:
    if owner is None:
        return NOT_HERE
    if not getattr(owner, "is_active", True):
        return "an inactive user"
    return None if LEGACY_KEY.fullmatch(key) else "a key that rest_framework did not make"
