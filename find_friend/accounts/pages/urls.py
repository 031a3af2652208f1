from __future__ import annotations

from django.urls import path

from ..mail import LINK_PAGES
from . import views

app_name = "find_friend_accounts_pages"
code = views.CodeView.as_view
urlpatterns = [
    path("sign-up/", views.SignUpView.as_view(), name="sign-up"),
    path("sign-in/", views.SignInView.as_view(), name="sign-in"),
    path("sign-out/", views.SignOutView.as_view(), name="sign-out"),
    path("password-reset/", views.ResetPasswordView.as_view(), name="password-reset"),
    path("password-reset/code/", code(target=LINK_PAGES["password_reset"]), name="password-reset-code"),
    path("verify-email/code/", code(target=LINK_PAGES["verify_email"]), name="verify-email-code"),
    path("change-email/code/", code(target=LINK_PAGES["change_email"]), name="change-email-code"),
    path("password-reset/sent/", views.ResetPasswordSentView.as_view(), name="password-reset-sent"),
    path(
        "password-reset/<str:uid>/<str:token>/",
        views.ResetPasswordConfirmView.as_view(),
        name="password-reset-confirm",
    ),
    path("verify-email/<str:uid>/<str:token>/", views.VerifyEmailView.as_view(), name="verify-email"),
    path("change-email/<str:uid>/<str:token>/", views.ChangeEmailConfirmView.as_view(), name="change-email-confirm"),
    path("account/", views.ProfileView.as_view(), name="profile"),
    path("account/picture/", views.PictureView.as_view(), name="picture"),
    path("account/picture/remove/", views.RemovePictureView.as_view(), name="picture-remove"),
    path("account/email/", views.EmailView.as_view(), name="email"),
    path("account/email/resend/", views.ResendVerificationView.as_view(), name="resend-verification"),
    path("account/password/", views.PasswordView.as_view(), name="password"),
    path("account/devices/", views.DevicesView.as_view(), name="devices"),
    path("account/devices/end/", views.EndDevicesView.as_view(), name="devices-end"),
    path("account/devices/browsers/<str:pk>/end/", views.EndBrowserView.as_view(), name="browser-end"),
    path("account/devices/<str:pk>/end/", views.EndDeviceView.as_view(), name="device-end"),
    path("account/data/", views.DataView.as_view(), name="data"),
    path("account/data/export/", views.ExportView.as_view(), name="data-export"),
    path("account/delete/", views.DeleteView.as_view(), name="delete"),
    path("account/choices/interests/", views.InterestChoices.as_view({"get": "list"}, schema=None), name="interests"),
    path("account/choices/cities/", views.CityChoices.as_view({"get": "list"}, schema=None), name="cities"),
    path("people/", views.PeopleView.as_view(), name="people"),
    path("people/<str:pk>/", views.PersonView.as_view(), name="person"),
]
