import pytest

from find_friend import exceptions


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (exceptions.Invalid, 400, "invalid"),
        (exceptions.NotAllowed, 403, "permission_denied"),
        (exceptions.NotThere, 404, "not_found"),
        (exceptions.UserNotThere, 404, "user_not_found"),
        (exceptions.Conflict, 409, "conflict"),
        (exceptions.EmailNotVerified, 403, "email_not_verified"),
        (exceptions.Busy, 429, "busy"),
    ],
)
def test_each_has_a_status_a_code_and_a_text(error, status, code):
    raised = error()
    assert isinstance(raised, exceptions.FindFriendError)
    assert (raised.status_code, raised.code) == (status, code)
    assert str(raised.detail).endswith(".")


def test_code_can_be_given():
    assert exceptions.Conflict(code="already_friends").code == "already_friends"
