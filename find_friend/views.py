"""What every HTTP view of the package shares, so that none depends on the site's REST_FRAMEWORK settings."""

from __future__ import annotations

import logging
import math
from typing import Any, NoReturn

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError, transaction
from django.http import Http404, HttpRequest, QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from rest_framework import exceptions, parsers
from rest_framework.metadata import SimpleMetadata
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView, set_rollback

from .authentication import authentication_classes
from .conf import app_settings
from .exceptions import Busy, EmailNotVerified, TooOften, Unavailable
from .locks import is_contention
from .logs import fields
from .parsers import JSONParser
from .policies import answers_in_bulk, policy, visible_keys
from .renderers import JSONRenderer
from .serializers import serializer_class
from .throttling import caller, scopes_for, throttles
from .users import is_storable

__all__ = ["APIRoot", "FindFriendMixin", "RoleSerializerMixin", "TakesPart", "VisibleRowsMixin"]

logger = logging.getLogger("find_friend")


def answerable(error: Exception) -> exceptions.APIException | None:
    """The error as one with a status; None for what is no answer to the client but a fault of ours."""
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, SuspiciousOperation):
        return exceptions.ParseError()
    if isinstance(error, OperationalError) and is_contention(error):
        return Busy()
    if isinstance(error, (OperationalError, InterfaceError)):
        logger.error(
            "The database did not answer: %r",
            error,
            extra=fields("database_unreachable", error=type(error).__name__),
        )
        return Unavailable()
    return error if isinstance(error, exceptions.APIException) else None


def error_response(error: Exception) -> Response | None:
    """DRF's field object, or ``{"detail", "code"}``; None for what is no answer to the client but a fault of ours."""
    answer: Any = answerable(error)
    if answer is None:
        return None
    headers = {}
    if getattr(answer, "auth_header", None):
        headers["WWW-Authenticate"] = answer.auth_header
    if getattr(answer, "wait", None):
        headers["Retry-After"] = str(math.ceil(answer.wait))
    data = answer.detail
    if isinstance(data, list):
        data = {"non_field_errors": data}
    elif isinstance(data, dict):
        ours = {api_settings.NON_FIELD_ERRORS_KEY: "non_field_errors"}
        data = {ours.get(key, key): value for key, value in data.items()}
    else:
        data = {"detail": data, "code": answer.get_codes()}
    set_rollback()
    return Response(data, status=answer.status_code, headers=headers)


def make_readable(request: HttpRequest) -> None:
    """Read the query string, too, as UTF-8: some of Python's codecs, of which a client may name any, fail there.

    A session with a key that not every database can look for is none. Raises SuspiciousOperation for a query string of
    too many parameters.
    """
    session: Any = getattr(request, "session", None)
    if not is_storable(getattr(session, "session_key", None) or ""):
        request.session = type(session)()
    request.encoding = "utf-8"


class TakesPart(BasePermission):
    """Signed in, and not kept out by the policy (an address that still has to be confirmed, say)."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        if not policy().may_take_part(request.user):
            raise EmailNotVerified
        return True


class Metadata(SimpleMetadata):
    """What OPTIONS answers: name and media types, no field lists that would need queries."""

    def determine_actions(self, request: Any, view: Any) -> dict[str, Any]:
        return {}


class FindFriendMixin(APIView):
    """Put before DRF's generic views: own errors, 401, authentication, throttles, parsers and pages."""

    permission_classes: Any = [IsAuthenticated]
    renderer_classes = [JSONRenderer]
    parser_classes: Any = [JSONParser, parsers.FormParser, parsers.MultiPartParser]
    pagination_class: Any = None  # that of the setting
    ordering: Any = ("-pk",)  # of a list, whatever cuts it into pages
    metadata_class = Metadata
    versioning_class = None
    filter_backends: Any = []
    guest = False  # a guest endpoint authenticates nobody
    throttle_scopes: dict[str, tuple[str, ...]] = {}  # by method, "*" for every other

    unreadable: SuspiciousOperation | None = None

    request: Any

    @classmethod
    def as_view(cls, *args: Any, **kwargs: Any) -> Any:
        # Our methods open their transactions themselves. One around the request would take back what has to stay
        # when a request is refused, such as a counted try, and would read before it writes.
        return transaction.non_atomic_requests(super().as_view(*args, **kwargs))

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        try:
            make_readable(request)
        except SuspiciousOperation as error:  # told by initial(), where errors have our shape
            self.unreadable = error
            request.GET = QueryDict()
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if self.unreadable is not None:
            raise self.unreadable
        super().initial(request, *args, **kwargs)

    def get_authenticators(self) -> list[Any]:
        return [] if self.guest else [cls() for cls in authentication_classes()]

    def get_authenticate_header(self, request: Request) -> str:
        return super().get_authenticate_header(request) or 'Token realm="api"'

    def throttled(self, request: Request, wait: float | None) -> NoReturn:
        raise TooOften(wait)

    @property
    def user(self) -> Any:
        """The person who asks."""
        return self.request.user

    def get_permissions(self) -> Any:
        if self.guest:
            return []
        return [*super().get_permissions(), *(cls() for cls in app_settings.PERMISSION_CLASSES)]

    def get_throttles(self) -> list[Any]:
        return throttles(scopes_for(self.throttle_scopes, self.request.method))

    @cached_property
    def paginator(self) -> Any:
        return (self.pagination_class or app_settings.PAGINATION_CLASS)()

    def paginate_queryset(self, queryset: Any) -> Any:
        return super().paginate_queryset(queryset.order_by(*self.ordering))  # type: ignore[misc]

    def get_throttle_ident(self, scope: str) -> str:
        """Whose calls are counted together under ``scope``."""
        return caller(self.request)

    def get_exception_handler(self) -> Any:
        return lambda error, context: error_response(error)


class RoleSerializerMixin:
    """A view names a role, settings name the class; a subclass may set ``serializer_class`` instead."""

    serializer_role: str
    serializer_class: Any = None

    def get_serializer_class(self) -> type[Any]:
        return self.serializer_class or serializer_class(self.serializer_role)


class VisibleRowsMixin:
    """Keeps rows about people whom the viewer may not see out of a page.

    The default policy has done that in the query already; a site's policy that answers only for single people is
    asked for each row of the page, so its pages can be shorter than ``limit``.
    """

    request: Any

    def get_other(self, row: Any) -> Any:
        """Primary key of the person the row is about."""
        raise NotImplementedError

    def keep_visible(self, rows: list[Any]) -> list[Any]:
        if answers_in_bulk(policy(), "visible_users", "may_see", "may_know_of"):
            return rows
        visible = visible_keys(self.request.user, [self.get_other(row) for row in rows])
        return [row for row in rows if self.get_other(row) in visible]

    def paginate_queryset(self, queryset: Any) -> list[Any]:
        return self.keep_visible(super().paginate_queryset(queryset))  # type: ignore[misc]


class APIRoot(FindFriendMixin):
    """Where everything is."""

    guest = True
    names = {
        "users": "find_friend_accounts:user-list",
        "me": "find_friend_accounts:user-me",
        "interests": "find_friend_accounts:interest-list",
        "cities": "find_friend_accounts:city-list",
        "tokens": "find_friend_accounts:token-list",
        "friend_requests": "find_friend_friends:friend-request-list",
        "friends": "find_friend_friends:friend-list",
        "blocks": "find_friend_friends:block-list",
        "chats": "find_friend_chat:chat-list",
    }

    def get(self, request: Request) -> Response:
        return Response({key: url for key, name in self.names.items() if (url := self.find(request, name))})

    def find(self, request: Request, name: str) -> str | None:
        try:
            return request.build_absolute_uri(reverse(name))
        except NoReverseMatch:  # that app is not installed
            return None
