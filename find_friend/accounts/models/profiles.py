from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files.base import ContentFile
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _
from model_utils.models import TimeStampedModel

from find_friend import locks, users
from find_friend.conf import app_settings
from find_friend.exceptions import Conflict

from ..ages import age_on, today
from ..exceptions import BirthdayFixed
from ..search import SearchKeyField, fold
from ..signals import profile_changed
from ..storage import AvatarStorage
from ..validators import validate_birthday

NAMES = ("first_name", "last_name")  # columns of the user model, where it has them
COLUMNS = ("birthday", "city", "sex", "occupation", "purpose", "about")


class PrefixQuerySet(models.QuerySet[Any]):
    def search(self, prefix: str) -> PrefixQuerySet:
        """Rows whose name begins with ``prefix``, without regard to case."""
        return self.filter(search_key__startswith=fold(prefix))


class Interest(models.Model):
    """A topic picked from a shared list."""

    name = models.CharField(_("name"), max_length=100)
    search_key = SearchKeyField(max_length=100, unique=True)

    objects = PrefixQuerySet.as_manager()

    class Meta:
        verbose_name = _("interest")
        verbose_name_plural = _("interests")
        ordering = ["search_key"]

    def __str__(self) -> str:
        return self.name


class City(models.Model):
    name = models.CharField(_("name"), max_length=200)
    search_key = SearchKeyField(max_length=200, db_index=True)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("Two letters, ISO 3166-1."))
    region = models.CharField(_("region"), max_length=200, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    population = models.PositiveBigIntegerField(_("population"), default=0, db_index=True)

    objects = PrefixQuerySet.as_manager()

    class Meta:
        verbose_name = _("city")
        verbose_name_plural = _("cities")

    def __str__(self) -> str:
        return self.name


class Sex(models.TextChoices):
    MALE = "male", _("male")
    FEMALE = "female", _("female")


class ProfileQuerySet(models.QuerySet["Profile"]):
    def of(self, user: AbstractBaseUser) -> Profile:
        """The profile of ``user``, made where there is none yet."""
        return self.get_or_create(user=user)[0]

    async def aof(self, user: AbstractBaseUser) -> Profile:
        return await sync_to_async(self.of)(user)

    def change(self, user: AbstractBaseUser, **chosen: Any) -> Profile:
        """Change what ``user`` shows, by keywords.

        They are the first and last name, columns of the profile, ``interests`` (keys), and ``avatar``: a picture from
        ``avatars.prepare()``, or None.

        Raises UserNotThere, BirthdayFixed, Conflict where the city or an interest is gone; TypeError for others.
        """
        if unknown := chosen.keys() - {*NAMES, *COLUMNS, "interests", "avatar"}:
            raise TypeError(f"Profiles have no {', '.join(sorted(unknown))}.")
        try:
            with locks.locked_users(user):
                profile = self.of(user)
                changed = [*_change_names(user, chosen), *profile._change(chosen)]
                if changed:
                    profile_changed.send_on_commit(Profile, user=user, changed=sorted(changed))
        except IntegrityError:
            raise Conflict from None
        return profile

    async def achange(self, user: AbstractBaseUser, **chosen: Any) -> Profile:
        return await sync_to_async(self.change)(user, **chosen)


def _change_names(user: AbstractBaseUser, chosen: dict[str, Any]) -> list[str]:
    changed = [name for name in NAMES if name in chosen and getattr(user, name) != chosen[name]]
    for name in changed:
        setattr(user, name, chosen[name])
    if changed:
        user.save(update_fields=changed)
    return changed


class Profile(TimeStampedModel):
    """What a user shows about themselves."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="find_friend_profile", verbose_name=_("user")
    )
    birthday = models.DateField(_("birthday"), null=True, blank=True, db_index=True, validators=[validate_birthday])
    city = models.ForeignKey(City, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("city"))
    sex = models.CharField(_("sex"), max_length=6, choices=Sex.choices, blank=True)
    occupation = models.CharField(_("occupation"), max_length=150, blank=True)
    purpose = models.CharField(_("looking for"), max_length=300, blank=True)
    about = models.TextField(_("about"), max_length=2000, blank=True)
    avatar = models.FileField(
        _("avatar"), upload_to="find_friend/avatars", storage=AvatarStorage, max_length=200, blank=True
    )
    interests = models.ManyToManyField(Interest, blank=True, related_name="+", verbose_name=_("interests"))

    objects = ProfileQuerySet.as_manager()

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")

    def __str__(self) -> str:
        return users.label(self, "user")

    @property
    def age(self) -> int | None:
        """Whole years today, or None."""
        return None if self.birthday is None else age_on(self.birthday, today())

    def _change(self, chosen: dict[str, Any]) -> list[str]:
        """What is another value now."""
        changed = [name for name in COLUMNS if name in chosen and self._differs(name, chosen[name])]
        if "birthday" in changed and self.birthday is not None and app_settings.MINIMUM_AGE is not None:
            raise BirthdayFixed
        for name in changed:
            setattr(self, name, chosen[name])
        if "avatar" in chosen and (chosen["avatar"] is not None or self.avatar):
            self.replace_avatar(chosen["avatar"])
            changed.append("avatar")
        if changed:
            self.save()
        if "interests" in chosen and self._pick(set(chosen["interests"])):
            changed.append("interests")
        return changed

    def _differs(self, name: str, value: Any) -> bool:
        if name == "city":  # by key, which costs no query
            return self.city_id != (None if value is None else value.pk)
        return getattr(self, name) != value

    def _pick(self, interests: set[int]) -> bool:
        had = set(self.interests.values_list("pk", flat=True))
        self.interests.remove(*had - interests)
        self.interests.add(*interests - had)
        return had != interests

    def replace_avatar(self, picture: ContentFile[bytes] | None) -> None:
        """Store another picture, or none, without saving the row; the old file goes after commit."""
        self._delete_after_commit()
        if picture is None:
            self.avatar = ""
        else:
            self.avatar.save(str(picture.name), picture, save=False)

    def _delete_after_commit(self) -> None:
        if self.avatar:
            storage, name = self.avatar.storage, str(self.avatar.name)
            transaction.on_commit(lambda: storage.delete(name), robust=True)


def delete_avatar(sender: Any, instance: Profile, **kwargs: Any) -> None:
    instance._delete_after_commit()
