"""What the pages of a model in the admin cost."""

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse


def page(model, name="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def costs(browser, model, word, *, pk=None):
    """How many queries each page takes: the list, searched and filtered too, and those of one row and of deleting."""
    rows = list(model._base_manager.order_by("pk"))
    listed, first = page(model), pk or rows[0].pk
    chosen = {"action": "delete_selected", ACTION_CHECKBOX_NAME: [row.pk for row in rows]}
    looks = {
        "list": lambda: browser.get(listed),
        "search": lambda: browser.get(listed, {"q": word}),
        "change": lambda: browser.get(page(model, "change", first)),
        "history": lambda: browser.get(page(model, "history", first)),
        "delete": lambda: browser.get(page(model, "delete", first)),
        "delete all": lambda: browser.post(listed, chosen),
    }
    for field in admin.site.get_model_admin(model).list_filter:
        looks[f"by {field}"] = lambda field=field: browser.get(listed, {f"{field}__exact": getattr(rows[0], field)})
    return {name: queries(look) for name, look in looks.items()}


def queries(look):
    look()  # what is kept by the process is kept by now
    with CaptureQueriesContext(connection) as found:
        answer = look()
    assert answer.status_code in (200, 302, 403), answer.status_code
    return len(found)
