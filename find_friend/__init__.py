"""People, friendships and real-time chat for any Django site."""

__version__ = "0.1.0"
