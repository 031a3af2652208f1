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


class ContentRefused(Invalid):
    """The site's content hook does not take the text; ``ContentRefused("No links, please.")`` says why."""

    default_detail = _("This message was not accepted. Change the text and send it again.")
    default_code = "content_refused"


class ClientIdReused(Conflict):
    default_detail = _("This client_id belongs to a message with another text. Give a new message a new one.")
    default_code = "client_id_reused"


class MessageNotThere(NotThere):
    default_detail = _("There is no such message.")
    default_code = "message_not_found"


class NotSender(NotAllowed):
    default_detail = _("You may change only your own messages.")
    default_code = "not_sender"


class TooLate(Conflict):
    default_detail = _("This message can no longer be changed.")
    default_code = "too_late"
