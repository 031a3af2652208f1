from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from find_friend.exceptions import Conflict, Invalid, NotAllowed


class SelfRequest(Invalid):
    default_detail = _("You cannot befriend yourself.")
    default_code = "self_request"


class SelfBlock(Invalid):
    default_detail = _("You cannot block yourself.")
    default_code = "self_block"


class AlreadyFriends(Conflict):
    default_detail = _("You are friends already.")
    default_code = "already_friends"


class AlreadyAnswered(Conflict):
    default_detail = _("This friend request has been answered already.")
    default_code = "already_answered"


class RecentlyDeclined(Conflict):
    default_detail = _("This user has declined your request. You can ask again later.")
    default_code = "recently_declined"


class AskedTooOften(Conflict):
    default_detail = _("You have asked this user several times. You can ask again later.")
    default_code = "asked_too_often"


class PairBlocked(Conflict):
    default_detail = _("One of these users has blocked the other.")
    default_code = "pair_blocked"


class RequestNotAllowed(NotAllowed):
    default_detail = _("You may not send a friend request to this user.")
    default_code = "request_not_allowed"


class NotRecipient(NotAllowed):
    default_detail = _("Only the recipient can answer a friend request.")
    default_code = "not_recipient"


class NotSender(NotAllowed):
    default_detail = _("Only the sender can withdraw a friend request.")
    default_code = "not_sender"
