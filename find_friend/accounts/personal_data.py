from __future__ import annotations

from typing import Any

from find_friend import users

from .addresses import email_of
from .models import AuthToken, BrowserSession, EmailAddress, EmailToken, Profile
from .models.profiles import COLUMNS, NAMES


def personal_data(user: Any) -> dict[str, Any]:
    """Address, names, profile, devices, browsers and open links; no secret of any of them."""
    confirmed = EmailAddress.objects.filter(user=user).values_list("verified_at", flat=True).first()
    tokens = AuthToken.objects.filter(user=user).order_by("created")
    browsers = BrowserSession.objects.filter(user=user).order_by("created")
    links = EmailToken.objects.filter(user=user).order_by("expires_at")
    return {
        "email": email_of(user),
        "email_verified_at": confirmed,
        **{name: getattr(user, name) for name in NAMES if users.has_field(name)},
        "profile": profile_data(user),
        "devices": list(tokens.values("device", "created", "last_used_at", "expires_at")),
        "browsers": list(browsers.values("user_agent", "created", "last_used_at", "expires_at")),
        "mailed_links": list(links.values("purpose", "email", "expires_at")),
    }


def profile_data(user: Any) -> dict[str, Any] | None:
    profile = Profile.objects.filter(user=user).select_related("city").first()
    if profile is None:
        return None
    columns = {name: getattr(profile, name) for name in COLUMNS if name != "city"}
    return {
        **columns,
        "city": profile.city.name if profile.city else None,
        "avatar": profile.avatar.url if profile.avatar else None,
        "interests": list(profile.interests.values_list("name", flat=True)),
        "created": profile.created,
        "modified": profile.modified,
    }
