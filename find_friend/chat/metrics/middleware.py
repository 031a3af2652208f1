from __future__ import annotations

from find_friend.health.middleware import early

from . import views

__all__ = ["metrics_middleware"]

metrics_middleware = early({"/metrics": views.metrics})
