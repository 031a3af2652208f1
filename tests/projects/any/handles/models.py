import secrets

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


def new_handle():
    """A key with a space, a quotation mark, a brace and letters beyond ASCII in it."""
    return f"Ёж o'{secrets.token_hex(6)}, {{&.@"


class Handle(AbstractBaseUser, PermissionsMixin):
    """Whose primary key is a text that people choose; a manager without ``create_user``."""

    handle = models.CharField(max_length=40, primary_key=True, default=new_handle)
    email = models.EmailField(blank=True)
    first_name = models.CharField(max_length=80, blank=True)
    last_name = models.CharField(max_length=80, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    objects = BaseUserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "handle"
