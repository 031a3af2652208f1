"""What a site can listen to. Every signal is sent after commit; ``sender`` is the model class."""

from __future__ import annotations

from find_friend.signals import CommitSignal

friend_request_sent = CommitSignal()  # friend_request
friend_request_accepted = CommitSignal()  # friend_request
friend_request_declined = CommitSignal()  # friend_request
friend_request_withdrawn = CommitSignal()  # friend_request
friendship_started = CommitSignal()  # user, friend
friendship_ended = CommitSignal()  # by: who ended it, friend: the other
user_blocked = CommitSignal()  # block
user_unblocked = CommitSignal()  # by, user
