from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext_lazy as _

from find_friend.exceptions import Conflict, Invalid, NotAllowed, NotThere
from find_friend.users import full_name


class EmailRequired(Invalid):
    default_detail = _("Say with whom: give the e-mail address of a friend.")
    default_code = "email_required"


class SelfChat(Invalid):
    default_detail = _("You cannot start a chat with yourself.")
    default_code = "self_chat"


class ReceiverNotThere(NotThere):
    default_detail = _("You cannot start a chat with a user who does not exist.")
    default_code = "user_not_found"


class NotFriends(NotAllowed):
    default_detail = _("To start a chat you must be friends with %(name)s.")
    default_code = "not_friends"

    def __init__(self, other: AbstractBaseUser) -> None:
        super().__init__(self.default_detail % {"name": full_name(other)})


class ChatNotThere(NotThere):
    default_detail = _("There is no such chat.")
    default_code = "chat_not_found"


class NotMember(NotAllowed):
    default_detail = _("You may not view this chat.")
    default_code = "not_member"


class PostNotAllowed(NotAllowed):
    default_detail = _("You may not write in this chat any more.")
    default_code = "post_not_allowed"


class ClientIdReused(Conflict):
    default_detail = _("This client_id belongs to a message with another text.")
    default_code = "client_id_reused"
