"""What the pages of all apps share: put ``PageMixin`` before one of Django's generic views, or begin with one below.

A page has no rules of its own. It asks the same throttles, permissions and policy as the API, calls the same methods
of models, and shows the errors that these raise to the person, in words.
"""

from __future__ import annotations

import math
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone, translation
from django.utils.decorators import classonlymethod
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import FormView, TemplateView
from rest_framework import exceptions
from rest_framework.request import Request

from find_friend.conf import app_settings
from find_friend.exceptions import EmailNotVerified
from find_friend.policies import policy
from find_friend.throttling import caller, scopes_for, throttles
from find_friend.views import VisibleRowsMixin, answerable, make_readable

from . import locales, security
from .forms import PageForm
from .frame import Frame
from .links import Link, address
from .parts import all_parts, collected
from .people import cards_with_pages
from .waiting import too_often

SIGN_IN = "find_friend_accounts_pages:sign-in"


class PageMixin:
    """Signed-in people only, unless ``guest`` is true; errors become pages, and every answer has strict headers."""

    request: HttpRequest
    kwargs: dict[str, Any]

    http_method_names: Any = ["get", "head", "options", "post"]  # what forms and links can send
    title: Any = ""
    guest = False
    takes_part = False  # True: only for those whom the policy lets take part
    throttle_scopes: dict[str, tuple[str, ...]] = {}  # by method, "*" for every other: the same as over the API

    @classonlymethod
    def as_view(cls, **initkwargs: Any) -> Any:
        # Our methods open their transactions themselves, forms are checked once the charset is known, and whether
        # one has to be signed in is said above.
        view = csrf_exempt(transaction.non_atomic_requests(super().as_view(**initkwargs)))  # type: ignore[misc]
        view.login_required = False
        return view

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with translation.override(locales.language_of(request)), timezone.override(locales.shown_zone(request)):
            response = self.answer(request, *args, **kwargs)
            response.headers.setdefault("Content-Language", translation.get_language() or "")
        security.keep_csrf_cookie(request, response)
        security.secure(response, self.get_content_security_policy())
        return response

    def answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The answer of the view, written out; an error that is no fault of ours as a page."""
        try:
            make_readable(request)
            response = self.admit(request)
            if response is None:
                response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
            if isinstance(response, TemplateResponse):
                response.render()
            return response
        except MultiPartParserError:
            return self.refuse(exceptions.ParseError())
        except SuspiciousOperation:  # what was sent cannot be read, so the page of the error does without
            request.GET = request.POST = QueryDict()
            return self.refuse(exceptions.ParseError())
        except Exception as error:
            shown = answerable(error)
            if shown is None:
                raise
            return self.refuse(shown, bare=isinstance(error, DatabaseError))

    def admit(self, request: HttpRequest) -> HttpResponseBase | None:
        """None where the view may answer, else what is answered instead."""
        security.check_csrf(request)
        chosen = locales.choose_language(request)
        if chosen is not None:
            return chosen
        if not self.guest:
            if not self.is_signed_in:
                return redirect_to_login(request.get_full_path(), address(SIGN_IN))
            self.check_permissions()
        self.check_throttles()
        if not self.guest:
            for parts in all_parts():
                parts.seen(request)
        return None

    @property
    def is_signed_in(self) -> bool:
        user = self.request.user
        return user.is_authenticated and user.is_active

    def check_permissions(self) -> None:
        """Raise EmailNotVerified or PermissionDenied for a person who is kept out."""
        for permission in (cls() for cls in app_settings.PERMISSION_CLASSES):
            if not permission.has_permission(self.api_request, self):
                raise exceptions.PermissionDenied(getattr(permission, "message", None))
        if self.takes_part and not policy().may_take_part(self.request.user):  # type: ignore[arg-type]
            raise EmailNotVerified

    def check_throttles(self) -> None:
        """Count this call where the API counts it. Raises Throttled."""
        scopes = scopes_for(self.throttle_scopes, self.request.method)
        waits = [
            throttle.wait()
            for throttle in throttles(scopes)
            if not throttle.allow_request(self.api_request, self)  # type: ignore[arg-type]
        ]
        if waits:
            raise exceptions.Throttled(max((wait for wait in waits if wait is not None), default=None))

    def get_throttle_ident(self, scope: str) -> str:
        """Whose calls are counted together under ``scope``."""
        return caller(self.request, guest=self.guest)

    @cached_property
    def api_request(self) -> Request:
        """The request as the serializers, permissions and throttles of the API know it."""
        request = Request(self.request, authenticators=())
        request.user = self.request.user
        request.auth = None
        return request

    def get_serializer_context(self) -> dict[str, Any]:
        return {"request": self.api_request, "format": None, "view": self}

    def get_content_security_policy(self) -> dict[str, list[str]]:
        """Directives by name. A subclass may add sources, such as those of a map."""
        return security.content_security_policy()

    def get_title(self) -> Any:
        """What the browser shows as the name of the page."""
        return self.title

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = {"frame": Frame(self.request), "title": self.get_title(), **kwargs}
        return super().get_context_data(**context)  # type: ignore[misc]

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        raise exceptions.MethodNotAllowed(str(request.method))

    def refuse(self, error: exceptions.APIException, *, bare: bool = False) -> HttpResponseBase:
        """The page of an error. ``bare``: without what needs the database."""
        return self.with_status(self.error_page(error, bare=bare), error)

    def error_page(self, error: exceptions.APIException, *, bare: bool) -> HttpResponse:
        code = str(error.get_codes())
        context = {"status": error.status_code, "code": code, "detail": in_words(error), "title": in_words(error)}
        context["frame"] = Frame(self.request, bare=bare)
        context["links"] = [] if bare else collected("error_links", self.request, code)
        page = TemplateResponse(self.request, "find_friend/error.html", context)
        return page.render()

    def with_status(self, response: HttpResponse, error: exceptions.APIException) -> HttpResponse:
        response.status_code = error.status_code
        wait = getattr(error, "wait", None)
        if wait:
            response.headers["Retry-After"] = str(math.ceil(wait))
        if isinstance(error, exceptions.MethodNotAllowed):
            response.headers["Allow"] = ", ".join(self._allowed_methods())  # type: ignore[attr-defined]
        return response

    def tell(self, text: Any, link: Link | None = None) -> None:
        """Show a text on the next page, with a link such as the one that leads back."""
        if link is not None:
            text = format_html('{} <a href="{}">{}</a>', text, link.url, link.label)
        messages.success(self.request, text, fail_silently=True)

    def next_url(self, default: str) -> str:
        """Where the form says to go on, if that is on this site."""
        wanted = self.request.POST.get("next") or self.request.GET.get("next") or ""
        secure = self.request.is_secure()
        allowed = url_has_allowed_host_and_scheme(wanted, {self.request.get_host()}, require_https=secure)
        return wanted if allowed else default


def in_words(error: exceptions.APIException) -> str:
    """What a person reads about the error."""
    if isinstance(error, exceptions.Throttled):
        return too_often(getattr(error, "wait", None))
    if isinstance(error, exceptions.NotFound):
        return str(_("There is no such page."))
    detail: Any = error.detail
    while isinstance(detail, (list, dict)):
        detail = next(iter(detail.values() if isinstance(detail, dict) else detail), "")
    return str(detail)


class Page(PageMixin, TemplateView):
    """A page that shows something."""


class FormPage(PageMixin, FormView):
    """A page with a form. ``perform`` does what it asks for; the errors that it raises are shown in the form.

    A call that comes too often is refused before the form is looked at, and what has been typed stays.
    """

    submit_label: Any = _("Save")
    success_message: Any = ""
    alert = ""

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "context": self.get_serializer_context()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(alert=self.alert, submit_label=self.submit_label, **kwargs)

    def perform(self, form: Any) -> None:
        """Do what the form asks for. FindFriendError and ValidationError of DRF are shown."""
        form.save()

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            self.perform(form)
        except exceptions.APIException as error:
            form.add_api_error(error)
            return self.with_status(self.form_invalid(form), error)
        if self.success_message:
            self.tell(self.success_message)
        return HttpResponseRedirect(self.get_success_url())

    def refuse(self, error: exceptions.APIException, *, bare: bool = False) -> HttpResponseBase:
        if not isinstance(error, exceptions.Throttled) or self.request.method != "POST":
            return super().refuse(error, bare=bare)
        try:
            return self.with_status(self.form_again(in_words(error)), error)
        except (exceptions.APIException, Http404) as missing:  # there is nothing to fill in a form about
            return super().refuse(answerable(missing) or error)

    def form_again(self, alert: str) -> HttpResponse:
        """The form with a word about it, and with what has been typed."""
        self.alert = alert
        kwargs = {**self.get_form_kwargs(), "data": None, "files": None}
        form_class = self.get_form_class()
        kwargs["initial"] = {**kwargs["initial"], **typed(form_class(**kwargs), self.request)}
        page: Any = self.render_to_response(self.get_context_data(form=form_class(**kwargs)))
        return page.render()


def typed(form: Any, request: HttpRequest) -> dict[str, Any]:
    """What has been sent, unchecked, to be shown in the fields again."""
    prefixed = ((name, form.add_prefix(name), field) for name, field in form.fields.items())
    return {name: field.widget.value_from_datadict(request.POST, {}, key) for name, key, field in prefixed}


class ConfirmPage(FormPage):
    """Asks before something that cannot be undone: GET shows the question, POST calls ``perform``.

    ``question`` and ``explanation`` are texts; ``get_cancel_url`` is where the other button leads.
    """

    template_name = "find_friend/confirm.html"
    form_class: Any = PageForm
    question: Any = ""
    explanation: Any = ""
    submit_style = "danger"
    cancel_url = ""

    def get_title(self) -> Any:
        return self.title or self.get_question()

    def get_question(self) -> Any:
        return self.question

    def get_explanation(self) -> Any:
        return self.explanation

    def get_cancel_url(self) -> str:
        return self.next_url(self.cancel_url or str(self.success_url or "/"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        more = {"question": self.get_question(), "explanation": self.get_explanation()}
        more |= {"cancel_url": self.get_cancel_url(), "submit_style": self.submit_style}
        return super().get_context_data(**more, **kwargs)


class ActionPage(PageMixin, TemplateView):
    """A button: POST calls ``perform`` and goes back. Errors are told on the page that it goes back to, but for what
    no button of ours sends.

    GET, which a page reload or the way back from sign-in may cause, changes nothing and goes back too.
    """

    success_message: Any = ""
    success_url: Any = "/"

    def perform(self) -> None:
        raise NotImplementedError

    def get_success_url(self) -> str:
        return self.next_url(str(self.success_url))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(self.get_success_url())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.perform()
        if self.success_message:
            self.tell(self.success_message)
        return HttpResponseRedirect(self.get_success_url())

    def refuse(self, error: exceptions.APIException, *, bare: bool = False) -> HttpResponseBase:
        forged = isinstance(error, (exceptions.ParseError, exceptions.ValidationError))
        if self.request.method != "POST" or error.status_code in (403, 404) or forged or bare:
            return super().refuse(error, bare=bare)
        messages.error(self.request, in_words(error), fail_silently=True)
        return HttpResponseRedirect(self.get_success_url())


class ListPage(VisibleRowsMixin, PageMixin, TemplateView):
    """Rows about people, cut into pages as the API cuts them: ``items``, ``next_url`` and ``previous_url``.

    ``get_queryset`` gives the rows, ``get_other`` the key of the person that a row is about. An item is a pair of row
    and user card, the card with its ``actions``; the queries are the same however many there are.
    """

    ordering: Any = ("-pk",)

    def get_queryset(self) -> Any:
        raise NotImplementedError

    def paginate(self, queryset: Any) -> dict[str, Any]:
        """``rows`` of this page and the addresses of those beside it, or None."""
        paginator = app_settings.PAGINATION_CLASS()
        found = paginator.paginate_queryset(queryset.order_by(*self.ordering), self.api_request, view=self)
        answer = paginator.get_paginated_response([]).data
        return {
            "rows": self.keep_visible(list(found)),
            "next_url": query_of(answer.get("next")),
            "previous_url": query_of(answer.get("previous")),
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = self.paginate(self.get_queryset())
        cards = cards_with_pages([self.get_other(row) for row in page["rows"]], self.get_serializer_context())
        pairs = [(row, cards.get(self.get_other(row))) for row in page.pop("rows")]
        items = [(row, {**card, "actions": self.get_actions(row, card)}) for row, card in pairs if card]
        return super().get_context_data(items=items, **page, **kwargs)

    def get_actions(self, row: Any, card: dict[str, Any]) -> list[Link]:
        """What stands on the card of a row."""
        return collected("card_actions", self.request, card)


def query_of(url: str | None) -> str | None:
    """``?cursor=…`` of an address: whatever stands before is where we are."""
    return None if url is None else f"?{url.partition('?')[2]}"
