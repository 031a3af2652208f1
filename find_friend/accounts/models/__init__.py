from .browsers import BrowserSession
from .emails import EmailAddress, EmailToken, Purpose
from .profiles import City, Interest, Profile, Sex
from .tokens import AuthToken

__all__ = ["AuthToken", "BrowserSession", "City", "EmailAddress", "EmailToken", "Interest", "Profile", "Purpose", "Sex"]
