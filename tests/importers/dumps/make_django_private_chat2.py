"""Makes django_private_chat2.sql with the models of django_private_chat2 and what its consumer calls."""

import asyncio

import django
import dumping
from django.conf import settings

settings.configure(
    SECRET_KEY="for the dump only",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "channels", "django_private_chat2"],
    DATABASES={"default": dumping.database()},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    PASSWORD_HASHERS=dumping.HASHERS,
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django_private_chat2.consumers.db_operations import (  # noqa: E402
    mark_message_as_read,
    save_file_message,
    save_text_message,
)
from django_private_chat2.models import DialogsModel, MessageModel, UploadedFile  # noqa: E402

call_command("migrate", verbosity=0)
User.objects.create_user("root", "root@example.com")
ann, bob, eve, gone = (User.objects.create_user(name, f"{name}@example.com") for name in ["ann", "bob", "eve", "gone"])


def say(text, sender, recipient, *, read=False):
    message = asyncio.run(save_text_message(text, sender, recipient))
    if read:
        asyncio.run(mark_message_as_read(message.pk))
    return message


say("Hello Bob", ann, bob, read=True)
say("Hello Ann", bob, ann, read=True)
say("Hello Eve", bob, eve)
say("I did not say that", ann, bob, read=True).delete()
say("Are you there?", ann, bob)
say("Left, with everything I said", gone, ann)
say("A note to myself", ann, ann)
file = UploadedFile.objects.create(uploaded_by=bob, file="user_3/map.pdf")
asyncio.run(save_file_message(file, bob, eve))
say("Anybody?", eve, ann, read=True)

# Two dialogs of one pair, a dialog without messages, and messages without a dialog: the models allow it.
DialogsModel.objects.create(user1=bob, user2=ann)
DialogsModel.objects.filter(user1=eve, user2=ann).delete()
assert MessageModel.all_objects.filter(is_removed=True).count() == 1

dumping.write(
    "django_private_chat2",
    settings.DATABASES["default"]["NAME"],
    [
        "auth_user",
        "django_private_chat2_dialogsmodel",
        "django_private_chat2_messagemodel",
        "django_private_chat2_uploadedfile",
    ],
)
