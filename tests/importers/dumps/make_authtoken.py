"""Makes authtoken.sql with the models of rest_framework.authtoken."""

import django
import dumping
from django.conf import settings

settings.configure(
    SECRET_KEY="for the dump only",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "rest_framework.authtoken"],
    DATABASES={"default": dumping.database()},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    PASSWORD_HASHERS=dumping.HASHERS,
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402

call_command("migrate", verbosity=0)
User.objects.create_user("root", "root@example.com")
for name in ["ann", "bob", "eve", "gone"]:
    Token.objects.create(user=User.objects.create_user(name, f"{name}@example.com"))
# A key of a site's own making.
Token.objects.create(user=User.objects.create_user("dan", "dan@example.com"), key="let-me-in")

dumping.write("authtoken", settings.DATABASES["default"]["NAME"], ["auth_user", "authtoken_token"])
