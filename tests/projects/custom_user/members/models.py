import uuid

from django.db import models

from find_friend.accounts.base_user import AbstractEmailUser


class Member(AbstractEmailUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
