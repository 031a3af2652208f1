"""Settings of the example project: a site with every app of the package and the settings we recommend.

Everything that differs between two installations comes from the environment or from ``.env``; ``.env.example``
lists the names.
"""

from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured

from . import env

BASE_DIR = Path(__file__).resolve().parent.parent
env.load(BASE_DIR / ".env", BASE_DIR.parent / ".env")

DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text("DJANGO_SECRET_KEY")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "DJANGO_SECRET_KEY is not set. Copy example_project/.env.example to example_project/.env and fill it in; "
            "without a key the project starts only with DEBUG=True."
        )
    SECRET_KEY = "django-insecure-only-for-development-on-this-machine"
ALLOWED_HOSTS = env.words("DJANGO_ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("DJANGO_CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "daphne",  # before staticfiles: its runserver serves WebSockets as well
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "channels",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "find_friend",
    "find_friend.accounts",
    "find_friend.friends",
    "find_friend.chat",
    "people",
]

MIDDLEWARE = [
    "find_friend.health.middleware.health_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example_project.urls"
ASGI_APPLICATION = "example_project.asgi.application"
WSGI_APPLICATION = "example_project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# People

AUTH_USER_MODEL = "people.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "find_friend_accounts_pages:sign-in"
LOGIN_REDIRECT_URL = "find_friend_pages:home"

# Database: SQLite until the environment names another one

ENGINES = {
    "django.db.backends.postgresql_psycopg2": "django.db.backends.postgresql",
    "": "django.db.backends.postgresql" if env.text("POSTGRES_DB") else "django.db.backends.sqlite3",
}
engine = env.text("DB_ENGINE")
engine = ENGINES.get(engine, engine)
if engine == "django.db.backends.sqlite3":
    DATABASES = {
        "default": {
            "ENGINE": engine,
            "NAME": env.text("SQLITE_PATH", str(BASE_DIR / "db.sqlite3")),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    }
else:
    if not env.text("POSTGRES_DB"):
        raise ImproperlyConfigured("DB_ENGINE is set, POSTGRES_DB is not: name the database.")
    DATABASES = {
        "default": {
            "ENGINE": engine,
            "NAME": env.text("POSTGRES_DB"),
            "USER": env.text("POSTGRES_USER"),
            "PASSWORD": env.text("POSTGRES_PASSWORD"),
            "HOST": env.text("DB_HOST"),
            "PORT": env.text("DB_PORT"),
            # Under ASGI each request has a thread of its own; only a pool lends them the same few connections.
            "OPTIONS": {"pool": {"min_size": 1, "max_size": 10}} if engine == "django.db.backends.postgresql" else {},
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis, where there is one, carries chat messages between processes and counts rate limits for all of them

REDIS_URL = env.text("REDIS_URL")
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
    }
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# The package

FIND_FRIEND = {
    "CHAT_HISTORY_SIZE": 30,
    "PAGES_ORIGIN": env.text("PAGES_ORIGIN") or None,
    "METRICS_TOKEN": env.text("METRICS_TOKEN") or None,
    "TRUSTED_PROXIES": env.number("TRUSTED_PROXIES", 0),
}
if FIND_FRIEND["METRICS_TOKEN"]:
    # /metrics, for Prometheus, which calls each process by its address.
    MIDDLEWARE.insert(0, "find_friend.chat.metrics.middleware.metrics_middleware")
REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}

# Languages and times

LANGUAGE_CODE = "ru"
LANGUAGES = [("en", "English"), ("ru", "Русский")]
TIME_ZONE = "Europe/Moscow"
USE_TZ = True

# Files

STATIC_URL = "/static/"
STATIC_ROOT = env.text("STATIC_ROOT", str(BASE_DIR / "static_collected"))
MEDIA_URL = "/media/"
MEDIA_ROOT = BASE_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Mail: printed on the console until the environment names a server. Django 6.1 has a new setting for it.

DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "find-friend@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
smtp = {
    "host": env.text("EMAIL_HOST"),
    "port": env.number("EMAIL_PORT", 25),
    "username": env.text("EMAIL_HOST_USER"),
    "password": env.text("EMAIL_HOST_PASSWORD"),
    "use_tls": env.flag("EMAIL_USE_TLS"),
    "timeout": 10,
}
mail_backend = f"django.core.mail.backends.{'smtp' if smtp['host'] else 'console'}.EmailBackend"
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": mail_backend, "OPTIONS": smtp if smtp["host"] else {}}}
else:
    EMAIL_BACKEND = mail_backend
    EMAIL_HOST = smtp["host"]
    EMAIL_PORT = smtp["port"]
    EMAIL_HOST_USER = smtp["username"]
    EMAIL_HOST_PASSWORD = smtp["password"]
    EMAIL_USE_TLS = smtp["use_tls"]
    EMAIL_TIMEOUT = smtp["timeout"]

# Security. HTTPS is taken for granted outside development; DJANGO_HTTPS=False is for trying things on localhost.

HTTPS = env.flag("DJANGO_HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = env.number("DJANGO_HSTS_SECONDS", 3600) if HTTPS else 0  # raise it once all works
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if FIND_FRIEND["TRUSTED_PROXIES"]:
    # Only then somebody of ours writes this header; otherwise any client could.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "find_friend": {"level": "INFO"},
        "django": {"level": "INFO", "handlers": ["console"], "propagate": False},
        "django.server": {"level": "INFO", "handlers": ["console"], "propagate": False},
    },
}
