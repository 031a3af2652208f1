from .chat import Chat, Membership, Message, erase_messages
from .ticket import Ticket

__all__ = ["Chat", "Membership", "Message", "Ticket", "erase_messages"]
