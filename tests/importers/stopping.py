"""Interrupts an import as somebody at the keyboard or a database does."""

from contextlib import contextmanager

from django.db.models.query import QuerySet


@contextmanager
def stop_after(model, times, error=KeyboardInterrupt):
    """Let rows of ``model`` be stored so many times, and stop in the middle of the next batch."""
    store, left = QuerySet.bulk_create, [times]

    def stop(self, objects, *args, **kwargs):
        objects = list(objects)
        made = store(self, objects, *args, **kwargs)
        if self.model is model and objects:
            left[0] -= 1
            if left[0] < 0:
                raise error
        return made

    QuerySet.bulk_create = stop
    try:
        yield
    finally:
        QuerySet.bulk_create = store
