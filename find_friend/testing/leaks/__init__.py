"""Looks for what endpoints and sockets tell people whom the site's policy does not let know.

Mix ``HttpLeaks`` into a ``django.test.TestCase`` and ``SocketLeaks`` into a ``TransactionTestCase`` of the site.
"""

from .suite import HttpLeaks, SocketLeaks

__all__ = ["HttpLeaks", "SocketLeaks"]
