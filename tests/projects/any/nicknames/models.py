from django.contrib.auth.models import AbstractUser
from django.db import models


class Nickname(AbstractUser):
    """Signs in by a user name; a column of the site's own, which may be empty."""

    city_of_birth = models.CharField(max_length=80, blank=True)
