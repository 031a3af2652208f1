from find_friend.accounts.base_user import AbstractEmailUser


class User(AbstractEmailUser):
    """Somebody who signs in by e-mail. A site adds its own columns here."""

    class Meta(AbstractEmailUser.Meta):
        pass
