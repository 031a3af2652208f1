"""What a site can listen to. Sent after commit; ``sender`` is the site's user model."""

from __future__ import annotations

from find_friend.signals import CommitSignal

user_registered = CommitSignal()  # user
email_verified = CommitSignal()  # user, email
email_changed = CommitSignal()  # user, old_email, new_email
password_changed = CommitSignal()  # user; by set_password or by a reset
user_deleted = CommitSignal()  # user_pk; by its owner
