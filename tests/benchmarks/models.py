"""The table of the references that store a message in the simplest way. Made by migrate --run-syncdb."""

from django.db import models


class PlainMessage(models.Model):
    chat = models.BigIntegerField()
    sender = models.BigIntegerField()
    text = models.TextField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["chat", "-id"], name="benchmarks_newest")]

    def __str__(self) -> str:
        return self.text
