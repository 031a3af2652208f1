from .emails import (
    ChangeEmailConfirmView,
    ChangeEmailView,
    ResendVerificationView,
    VerifyEmailView,
)
from .passwords import ResetPasswordConfirmView, ResetPasswordView, SetPasswordView
from .reference import CityViewSet, InterestViewSet
from .tokens import LoginView, LogoutAllView, LogoutView, TokenViewSet
from .users import MeView, UserViewSet

__all__ = [
    "ChangeEmailConfirmView",
    "ChangeEmailView",
    "CityViewSet",
    "InterestViewSet",
    "LoginView",
    "LogoutAllView",
    "LogoutView",
    "MeView",
    "ResendVerificationView",
    "ResetPasswordConfirmView",
    "ResetPasswordView",
    "SetPasswordView",
    "TokenViewSet",
    "UserViewSet",
    "VerifyEmailView",
]
