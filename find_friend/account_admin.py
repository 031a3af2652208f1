"""Lets administrators block users, unblock them and sign them out, in the admin of any user model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import quote, unquote
from django.contrib.auth import get_permission_codename, get_user_model
from django.core.exceptions import PermissionDenied
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from . import access, users
from .admin import person
from .logs import fields

logger = logging.getLogger("find_friend")


class AccountAction(NamedTuple):
    """What can be done about accounts, and how the pages speak of it; ``question`` and ``done`` go by their number."""

    run: Callable[..., bool]
    button: Any
    question: Any
    effects: Any
    done: Any
    trace: Any


ACCOUNT_ACTIONS = {
    "block": AccountAction(
        access.block,
        _("Block account"),
        ngettext_lazy("Block this account?", "Block these %(count)d accounts?", "count"),
        _(
            "Nobody can sign in to a blocked account. Every device and browser is signed out at once, and open chats "
            "close. Friendships and messages stay, and it can be unblocked later."
        ),
        ngettext_lazy("%(count)d account was blocked.", "%(count)d accounts were blocked.", "count"),
        _("Blocked."),
    ),
    "unblock": AccountAction(
        access.unblock,
        _("Unblock account"),
        ngettext_lazy("Unblock this account?", "Unblock these %(count)d accounts?", "count"),
        _("Its owner can sign in again with the password. What was signed in before stays signed out."),
        ngettext_lazy("%(count)d account was unblocked.", "%(count)d accounts were unblocked.", "count"),
        _("Unblocked."),
    ),
    "end_sessions": AccountAction(
        access.sign_out,
        _("Sign out everywhere"),
        ngettext_lazy("Sign this account out everywhere?", "Sign these %(count)d accounts out everywhere?", "count"),
        _(
            "Every device and browser is signed out at once, and open chats close. The password stays the same: if "
            "somebody else may know it, change it as well."
        ),
        ngettext_lazy(
            "%(count)d account was signed out everywhere.", "%(count)d accounts were signed out everywhere.", "count"
        ),
        _("Signed out everywhere."),
    ),
}


class AccountAdminMixin(admin.ModelAdmin):
    """Actions of the list and buttons of a row's page that block users, unblock them and sign them out.

    Put it before the other bases of a site's own admin of its users. In the admin of a model with a foreign key to
    the user, ``account_field`` names that. Each action asks first, and leaves a row in Django's log of the admin.
    """

    account_field = ""
    most_accounts = 500  # at once

    def __init__(self, model: type[Any], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        if self.actions is not None:
            self.actions = [*self.actions, *(name for name in ACCOUNT_ACTIONS if name not in self.actions)]

    @admin.action(description=_("Block selected users"), permissions=["block"])
    def block(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self.act_on_list(request, "block", queryset)

    @admin.action(description=_("Unblock selected users"), permissions=["block"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self.act_on_list(request, "unblock", queryset)

    @admin.action(description=_("Sign selected users out on every device"), permissions=["account"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self.act_on_list(request, "end_sessions", queryset)

    # permissions

    def has_account_permission(self, request: HttpRequest, user: Any = None) -> bool:
        """Whether they may change that user, or users at all: as the site's admin of its users says, if it has one."""
        model = get_user_model()
        if self.admin_site.is_registered(model):
            return self.admin_site.get_model_admin(model).has_change_permission(request, user)
        permission = f"{model._meta.app_label}.{get_permission_codename('change', model._meta)}"
        return request.user.has_perm(permission)  # type: ignore[union-attr]

    def has_block_permission(self, request: HttpRequest) -> bool:
        return users.has_field("is_active") and self.has_account_permission(request)

    def reason_against(self, request: HttpRequest, name: str, user: Any) -> Any:
        """Why an action leaves a user as they are, in words; None where it does something."""
        if not self.has_account_permission(request, user):
            return _("you may not change this account")
        if getattr(user, "is_superuser", False) and not getattr(request.user, "is_superuser", False):
            return _("only superusers may do this to a superuser")
        if name == "block" and user.pk == request.user.pk:
            return _("this is your own account")
        if name == "block" and not user.is_active:
            return _("already blocked")
        if name == "unblock" and user.is_active:
            return _("not blocked")
        return None

    # from the list, from the page of a row

    def account_of(self, row: Any) -> Any:
        return getattr(row, self.account_field) if self.account_field else row

    def act_on_list(self, request: HttpRequest, name: str, queryset: QuerySet[Any]) -> HttpResponse | None:
        """What an action of the list does: ask, do it once that is answered, or say why not."""
        if self.account_field:
            queryset = queryset.select_related(self.account_field)
        rows = list(queryset[: self.most_accounts + 1])
        if len(rows) > self.most_accounts:
            self.message_user(request, _("Choose at most %d at once.") % self.most_accounts, messages.ERROR)
            return None
        return self.act_on_accounts(request, name, rows, reverse_of(self, "changelist"))

    def account_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """The page behind a button."""
        row = self.get_object(request, unquote(object_id))
        if row is None or name not in ACCOUNT_ACTIONS:
            raise Http404
        if not self.has_view_or_change_permission(request, row) or not self.offers(request, name):
            raise PermissionDenied
        back = reverse_of(self, "change", quote(row.pk))
        return self.act_on_accounts(request, name, [row], back) or HttpResponseRedirect(back)

    def offers(self, request: HttpRequest, name: str) -> bool:
        return self.has_account_permission(request) if name == "end_sessions" else self.has_block_permission(request)

    def act_on_accounts(self, request: HttpRequest, name: str, rows: Iterable[Any], back: str) -> HttpResponse | None:
        chosen, left_out = {}, []
        for row in rows:
            user = self.account_of(row)
            reason = self.reason_against(request, name, user)
            if reason is None:
                chosen[row.pk] = user
            else:
                left_out.append(f"{person(user)}: {reason}")
        if chosen and request.POST.get("confirmed") != "yes":
            return self.ask(request, name, chosen, left_out, back)
        if chosen:
            self.change_accounts(request, name, list(chosen.values()))
        for text in left_out:
            self.message_user(request, text, messages.WARNING)
        return None

    def ask(
        self, request: HttpRequest, name: str, chosen: dict[Any, Any], left_out: list[str], back: str
    ) -> HttpResponse:
        action = ACCOUNT_ACTIONS[name]
        context = {
            **self.admin_site.each_context(request),
            "title": action.question % {"count": len(chosen)},
            "opts": self.opts,
            "media": self.media,
            "action": action,
            "name": name,
            "people": [person(user) for user in chosen.values()],
            "rows": list(chosen),
            "left_out": left_out,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "back": back,
            "browsers_stay": name != "unblock" and not access.can_end_sessions(),
        }
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, "find_friend/admin/account_action.html", context)

    def change_accounts(self, request: HttpRequest, name: str, chosen: Collection[Any]) -> None:
        """Do it, leave a trace and say so. The browser of the one who asked stays signed in."""
        action = ACCOUNT_ACTIONS[name]
        if name == "end_sessions":
            action.run(chosen, keep=request.session.session_key)
        else:
            action.run(chosen)
        LogEntry.objects.log_actions(request.user.pk, chosen, CHANGE, str(action.trace))  # type: ignore[arg-type]
        for user in chosen:
            logger.info(
                "User %s has done %s to the account of user %s.",
                request.user.pk,
                name,
                user.pk,
                extra=fields("account_action", user=request.user.pk, operation=name, key=user.pk),
            )
        self.message_user(request, action.done % {"count": len(chosen)}, messages.SUCCESS)

    # pages

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_account"
        view = self.admin_site.admin_view(self.account_view)
        return [path("<path:object_id>/account/<str:name>/", view, name=name), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: Any, add: bool = False, change: bool = False, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        response: Any = super().render_change_form(request, context, add, change, *args, **kwargs)
        row = context.get("original")
        if row is not None:
            # Around whatever template the site has chosen for the page.
            response.context_data["account_page"] = response.resolve_template(response.template_name)
            response.context_data["account_buttons"] = self.buttons(request, row)
            response.template_name = "find_friend/admin/account_page.html"
        return response

    def buttons(self, request: HttpRequest, row: Any) -> list[tuple[str, Any]]:
        """Address and label of each action that would do something here."""
        user = self.account_of(row)
        return [
            (reverse_of(self, "account", quote(row.pk), name), action.button)
            for name, action in ACCOUNT_ACTIONS.items()
            if self.offers(request, name) and self.reason_against(request, name, user) is None
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Whoever is blocked or unblocked by the field on the page is signed out as well."""
        super().save_model(request, obj, form, change)
        if change and not self.account_field and "is_active" in form.changed_data:
            transaction.on_commit(partial(access.sign_out, [obj]), using=router.db_for_write(type(obj)))


def reverse_of(model_admin: admin.ModelAdmin, name: str, *args: Any) -> str:
    opts = model_admin.opts
    found = f"admin:{opts.app_label}_{opts.model_name}_{name}"
    return reverse(found, args=args, current_app=model_admin.admin_site.name)
