from __future__ import annotations

from django.urls import path

from . import views

app_name = "find_friend_accounts"
urlpatterns = [
    path("users/", views.UserViewSet.as_view({"get": "list", "post": "create"}), name="user-list"),
    path("users/me/", views.MeView.as_view(), name="user-me"),
    path("users/set_password/", views.SetPasswordView.as_view(), name="user-set-password"),
    path("users/reset_password/", views.ResetPasswordView.as_view(), name="user-reset-password"),
    path(
        "users/reset_password/confirm/",
        views.ResetPasswordConfirmView.as_view(),
        name="user-reset-password-confirm",
    ),
    path("users/verify_email/", views.VerifyEmailView.as_view(), name="user-verify-email"),
    path("users/resend_verification/", views.ResendVerificationView.as_view(), name="user-resend-verification"),
    path("users/change_email/", views.ChangeEmailView.as_view(), name="user-change-email"),
    path("users/change_email/confirm/", views.ChangeEmailConfirmView.as_view(), name="user-change-email-confirm"),
    path(
        "users/<str:pk>/",
        views.UserViewSet.as_view({"get": "retrieve"}, throttle_scopes={"*": ("read",)}),
        name="user-detail",
    ),
    path("auth/token/login/", views.LoginView.as_view(), name="token-login"),
    path("auth/token/logout/", views.LogoutView.as_view(), name="token-logout"),
    path("auth/token/logout-all/", views.LogoutAllView.as_view(), name="token-logout-all"),
    path("auth/tokens/", views.TokenViewSet.as_view({"get": "list"}), name="token-list"),
    path("auth/tokens/<str:pk>/", views.TokenViewSet.as_view({"delete": "destroy"}), name="token-detail"),
    path("interests/", views.InterestViewSet.as_view({"get": "list"}), name="interest-list"),
    path("cities/", views.CityViewSet.as_view({"get": "list"}), name="city-list"),
]
