from .chat import Chat, Membership
from .message import Message, MessageEvent, erase_messages
from .privacy import Privacy
from .ticket import Ticket

__all__ = ["Chat", "Membership", "Message", "MessageEvent", "Privacy", "Ticket", "erase_messages"]
