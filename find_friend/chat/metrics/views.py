from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from find_friend.conf import app_settings

from .prometheus import register


@transaction.non_atomic_requests
@login_not_required
@never_cache
@require_safe
async def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers of this process, for who sends ``Authorization: Bearer`` and ``METRICS_TOKEN``; 403 for others."""
    token, given = app_settings.METRICS_TOKEN, request.headers.get("Authorization", "")
    if not token or not constant_time_compare(given, f"Bearer {token}"):
        return HttpResponse("METRICS_TOKEN is not set, or another was sent.\n", status=403, content_type="text/plain")
    registry = CollectorRegistry()
    register(registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
