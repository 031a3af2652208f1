from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .readiness import readiness


@transaction.non_atomic_requests
@login_not_required
@never_cache
@require_safe
async def healthz(request: HttpRequest) -> JsonResponse:
    """Whether the process lives. It asks nothing else: a database that is away is no reason to kill a process."""
    return JsonResponse({"status": "ok"})


@transaction.non_atomic_requests
@login_not_required
@never_cache
@require_safe
async def readyz(request: HttpRequest) -> JsonResponse:
    """Whether the process shall get visitors: 200, or 503 with the names of the checks that failed."""
    report = await readiness.report()
    response = JsonResponse(report._asdict(), status=503 if report.status == "unavailable" else 200)
    # Django would log each 503 as an error, and mail it to ADMINS; a change of readiness is logged once already.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
