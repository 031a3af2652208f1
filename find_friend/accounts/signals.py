"""What a site can listen to. All are sent after commit. None carries a password, a key or the secret of a link."""

from __future__ import annotations

from find_friend.signals import CommitSignal

# The sender is the site's user model.
user_registered = CommitSignal()  # user
user_deleted = CommitSignal()  # user_pk; whoever deleted them
password_changed = CommitSignal()  # user; whoever stored another one: by set_password, a reset, the admin, a shell
password_reset_requested = CommitSignal()  # user, email; a link was made for that address, as in the two below
password_reset_completed = CommitSignal()  # user; besides password_changed
email_verification_requested = CommitSignal()  # user, email
email_verified = CommitSignal()  # user, email
email_change_requested = CommitSignal()  # user, email: the new one
email_changed = CommitSignal()  # user, old_email, new_email

# The sender is the model.
token_issued = CommitSignal()  # token: AuthToken
token_revoked = CommitSignal()  # user_pk, token_pk; not where all of a user's tokens end, nor for expired ones
all_tokens_revoked = CommitSignal()  # user; where there were any
profile_changed = CommitSignal()  # user, changed: names of fields, of the profile and of the user model
