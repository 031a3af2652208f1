import pytest
from django.contrib.auth import get_user_model

from find_friend.policies import Policy, answers_in_bulk, policy, visible_keys

pytestmark = pytest.mark.django_db


def everybody():
    return get_user_model()._default_manager.all()


@pytest.fixture
def inactive(user_factory):
    return user_factory(is_active=False)


def test_open_policy_lets_active_people_do_everything(ann, bob):
    rules = Policy()
    assert rules.may_take_part(ann)
    assert rules.may_know_of(ann, bob)
    assert rules.may_see(ann, bob)
    assert rules.may_request(ann, bob)
    assert rules.may_message(ann, bob)
    assert rules.may_message(ann, ann)
    assert rules.relationships(ann, [bob.pk]) == {}


def test_open_policy_hides_who_is_not_active(ann, inactive):
    rules = Policy()
    assert not rules.may_know_of(ann, inactive)
    assert not rules.may_see(ann, inactive)
    assert not rules.may_request(ann, inactive)
    assert not rules.may_message(ann, inactive)
    assert not rules.may_message(inactive, ann)
    assert list(rules.visible_users(everybody(), ann)) == [ann]


def test_deactivation_counts_at_once_whatever_the_object_says(ann, bob):
    everybody().filter(pk=bob.pk).update(is_active=False)
    assert bob.is_active
    assert not Policy().may_message(ann, bob)


@pytest.mark.parametrize(("verification", "allowed"), [("off", True), ("optional", True), ("required", False)])
def test_an_address_may_have_to_be_confirmed(configure, ann, verification, allowed):
    configure(EMAIL_VERIFICATION=verification)
    assert Policy().may_take_part(ann) is allowed


class Outside(Policy):
    def may_take_part(self, user):
        return False


def test_who_may_not_take_part_blocks_no_stranger(uninstall, ann, bob):
    assert Policy().may_block(ann, bob)
    assert not Outside().may_block(ann, bob)
    uninstall("find_friend.chat")
    assert not Outside().may_block(ann, bob)


def test_without_accounts_there_is_nothing_to_confirm(configure, uninstall, ann):
    configure(EMAIL_VERIFICATION="required")
    uninstall("find_friend.accounts")
    assert Policy().may_take_part(ann)


class Named(Policy):
    pass


def test_policy_in_force(configure, uninstall):
    assert type(policy()).__name__ == "FriendsPolicy"
    configure(POLICY=f"{__name__}.Named")
    assert type(policy()).__name__ == "Named"
    configure(POLICY=None)
    uninstall("find_friend.friends")
    assert type(policy()) is Policy


class NobodySees(Policy):
    """Overrides the single answer only."""

    def may_see(self, user, other):
        return user.pk == other.pk


class NobodySeesInBulk(NobodySees):
    def visible_users(self, queryset, viewer):
        return queryset.filter(pk=viewer.pk)


def test_an_inherited_bulk_answer_never_bypasses_an_override():
    assert answers_in_bulk(Policy(), "visible_users", "may_see", "may_know_of")
    assert not answers_in_bulk(NobodySees(), "visible_users", "may_see", "may_know_of")
    assert answers_in_bulk(NobodySees(), "visible_users", "may_know_of")
    assert answers_in_bulk(NobodySeesInBulk(), "visible_users", "may_see", "may_know_of")


@pytest.mark.parametrize("rules", [NobodySees, NobodySeesInBulk])
def test_visible_keys_follow_the_policy(configure, ann, bob, rules):
    configure(POLICY=f"{__name__}.{rules.__name__}")
    assert visible_keys(ann, [ann.pk, bob.pk]) == {ann.pk}


def test_visible_keys_cost_one_query(configure, ann, bob, inactive, django_assert_num_queries):
    configure(POLICY="find_friend.policies.Policy")
    with django_assert_num_queries(1):
        assert visible_keys(ann, [ann.pk, bob.pk, inactive.pk]) == {ann.pk, bob.pk}


def in_bulk(condition, *users):
    """The users of whom a condition over the column ``pk`` holds."""
    return set(everybody().filter(condition, pk__in=[user.pk for user in users]))


def test_the_open_policy_answers_in_bulk(ann, bob, inactive):
    rules = Policy()
    assert in_bulk(rules.may_message_in_bulk("pk", "pk"), ann, bob, inactive) == {ann, bob}
    assert answers_in_bulk(rules, "may_message_in_bulk", "may_message")
    assert answers_in_bulk(rules, "may_take_part_in_bulk", "may_take_part")


@pytest.mark.parametrize(("verification", "allowed"), [("off", True), ("optional", True), ("required", False)])
def test_an_address_may_have_to_be_confirmed_in_bulk(configure, ann, bob, verification, allowed):
    from find_friend.accounts.models import EmailAddress

    configure(EMAIL_VERIFICATION=verification)
    EmailAddress.objects.verify(bob)
    assert in_bulk(Policy().may_take_part_in_bulk("pk"), ann, bob) == ({ann, bob} if allowed else {bob})


def test_without_accounts_there_is_nothing_to_confirm_in_bulk(configure, uninstall, ann):
    configure(EMAIL_VERIFICATION="required")
    uninstall("find_friend.accounts")
    assert in_bulk(Policy().may_take_part_in_bulk("pk"), ann) == {ann}


class Mixin:
    def may_message(self, user, other):
        return False


class Mixed(Mixin, Policy):
    pass


class MixedInBulk(Mixed):
    def may_message_in_bulk(self, user, other):
        return super().may_message_in_bulk(user, other)


def test_what_a_mixin_overrides_is_not_bypassed_either():
    assert not answers_in_bulk(Mixed(), "may_message_in_bulk", "may_message")
    assert answers_in_bulk(MixedInBulk(), "may_message_in_bulk", "may_message")
