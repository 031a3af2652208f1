from .codes import CodeView
from .data import DataView, DeleteView, ExportView
from .devices import DevicesView, EndBrowserView, EndDevicesView, EndDeviceView
from .emails import ChangeEmailConfirmView, EmailView, ResendVerificationView, VerifyEmailView
from .passwords import PasswordView, ResetPasswordConfirmView, ResetPasswordSentView, ResetPasswordView
from .people import PeopleView, PersonView
from .profile import CityChoices, InterestChoices, PictureView, ProfileView, RemovePictureView
from .signing import SignInView, SignOutView, SignUpView

__all__ = [
    "ChangeEmailConfirmView",
    "CityChoices",
    "CodeView",
    "DataView",
    "DeleteView",
    "DevicesView",
    "EmailView",
    "EndBrowserView",
    "EndDeviceView",
    "EndDevicesView",
    "ExportView",
    "InterestChoices",
    "PasswordView",
    "PeopleView",
    "PersonView",
    "PictureView",
    "ProfileView",
    "RemovePictureView",
    "ResendVerificationView",
    "ResetPasswordConfirmView",
    "ResetPasswordSentView",
    "ResetPasswordView",
    "SignInView",
    "SignOutView",
    "SignUpView",
    "VerifyEmailView",
]
