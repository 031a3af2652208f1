from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files.base import ContentFile
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from model_utils.models import TimeStampedModel

from ..ages import age_on, today
from ..search import SearchKeyField, fold
from ..validators import validate_birthday


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
    avatar = models.FileField(_("avatar"), upload_to="find_friend/avatars", max_length=200, blank=True)
    interests = models.ManyToManyField(Interest, blank=True, related_name="+", verbose_name=_("interests"))

    objects = ProfileQuerySet.as_manager()

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")

    def __str__(self) -> str:
        return f"{self.user_id}"

    @property
    def age(self) -> int | None:
        """Whole years today, or None."""
        return None if self.birthday is None else age_on(self.birthday, today())

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
