from django.apps import apps

from find_friend.policies import Policy

if apps.is_installed("find_friend.friends"):
    from find_friend.friends.policies import FriendsPolicy as Policy


class StaffIsHidden(Policy):
    """Nobody finds the people who run the site, and nobody writes to them."""

    def may_know_of(self, user, other):
        return super().may_know_of(user, other) and not other.is_staff

    def may_see(self, user, other):
        return self.may_know_of(user, other) and super().may_see(user, other)

    def may_message(self, user, other):
        return super().may_message(user, other) and not other.is_staff

    def visible_users(self, queryset, viewer):
        return super().visible_users(queryset, viewer).filter(is_staff=False)


class Forgetful(StaffIsHidden):
    """The same, but the answers for many at once were forgotten."""

    def visible_users(self, queryset, viewer):
        return Policy.visible_users(self, queryset, viewer)

    def may_message_in_bulk(self, user, other):
        return Policy.may_message_in_bulk(self, user, other)
