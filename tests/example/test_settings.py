import json
import re

import pytest

from tests.example.conftest import EXAMPLE, NAMES, python

SHOW = (
    "import json, example_project.settings as s; "
    "print(json.dumps({k: getattr(s, k) for k in dir(s) if k.isupper() and k != 'LOCALE_PATHS'}, default=str))"
)
PRODUCTION = {
    "DEBUG": "False",
    "DJANGO_SECRET_KEY": "Kx9-production-key-of-fifty-characters-or-more-4f8a2c7e1b",
    "DJANGO_ALLOWED_HOSTS": "127.0.0.1 localhost backend",
    "DB_ENGINE": "django.db.backends.postgresql_psycopg2",
    "POSTGRES_DB": "findafriend",
    "POSTGRES_USER": "postgresusername",
    "POSTGRES_PASSWORD": "postgresuserpassword",
    "DB_HOST": "db",
    "DB_PORT": "5432",
    "REDIS_URL": "redis://redis:6379/0",
    "TRUSTED_PROXIES": "1",
    "EMAIL_HOST": "mail.example.com",
}


def settings(**values):
    return json.loads(python("-c", SHOW, **values).stdout)


def test_development_needs_two_variables():
    found = settings(DEBUG="True", DJANGO_SECRET_KEY="somegeneratedsecretkey")
    database = found["DATABASES"]["default"]
    assert found["DEBUG"] is True
    assert found["SECRET_KEY"] == "somegeneratedsecretkey"
    assert database["ENGINE"] == "django.db.backends.sqlite3"
    assert database["NAME"] == str(EXAMPLE / "db.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert found["CHANNEL_LAYERS"]["default"]["BACKEND"] == "channels.layers.InMemoryChannelLayer"
    assert found["INSTALLED_APPS"][0] == "daphne"
    assert (found["LANGUAGE_CODE"], found["TIME_ZONE"], found["USE_TZ"]) == ("ru", "Europe/Moscow", True)
    assert found["SECURE_SSL_REDIRECT"] is False
    assert "console" in json.dumps(found.get("MAILERS") or found["EMAIL_BACKEND"])


def test_sqlite_path_moves_the_database(tmp_path):
    found = settings(DEBUG="True", SQLITE_PATH=str(tmp_path / "elsewhere.sqlite3"))
    assert found["DATABASES"]["default"]["NAME"] == str(tmp_path / "elsewhere.sqlite3")


def test_containers_use_postgresql_redis_and_https():
    found = settings(**PRODUCTION)
    database = found["DATABASES"]["default"]
    assert database == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "findafriend",
        "USER": "postgresusername",
        "PASSWORD": "postgresuserpassword",
        "HOST": "db",
        "PORT": "5432",
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 10}},
    }
    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost", "backend"]
    assert found["CHANNEL_LAYERS"]["default"]["BACKEND"] == "channels_redis.pubsub.RedisPubSubChannelLayer"
    assert found["CACHES"]["default"]["LOCATION"] == "redis://redis:6379/0"
    assert found["FIND_FRIEND"]["TRUSTED_PROXIES"] == 1
    assert found["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]
    for name in ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        assert found[name] is True


def test_a_database_name_alone_means_postgresql():
    found = settings(DEBUG="True", POSTGRES_DB="findafriend")
    assert found["DATABASES"]["default"]["ENGINE"] == "django.db.backends.postgresql"


def test_https_can_be_turned_off_for_localhost():
    found = settings(**PRODUCTION, DJANGO_HTTPS="False")
    for name in ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "SECURE_HSTS_SECONDS"):
        assert not found[name]


def test_without_proxies_nobody_can_claim_https():
    assert "SECURE_PROXY_SSL_HEADER" not in settings(**{**PRODUCTION, "TRUSTED_PROXIES": ""})


def test_a_mail_server_is_used_when_named():
    found = settings(**PRODUCTION, EMAIL_PORT="587", EMAIL_USE_TLS="True")
    if "MAILERS" in found:
        mailer = found["MAILERS"]["default"]
        assert mailer["BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
        assert (mailer["OPTIONS"]["host"], mailer["OPTIONS"]["port"]) == ("mail.example.com", 587)
    else:
        assert found["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
        assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_USE_TLS"]) == ("mail.example.com", 587, True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "DJANGO_SECRET_KEY is not set"),
        ({"DEBUG": "False"}, "DJANGO_SECRET_KEY is not set"),
        ({"DEBUG": "True", "DB_ENGINE": "django.db.backends.postgresql"}, "POSTGRES_DB is not"),
        ({"DEBUG": "maybe"}, "DEBUG is 'maybe'"),
    ],
)
def test_unsafe_or_half_filled_settings_are_refused(values, message):
    done = python("-c", SHOW, check=False, **values)
    assert done.returncode != 0
    assert message in done.stderr


def test_production_passes_the_deployment_checks(manage):
    manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)


def test_development_passes_the_checks(manage, tmp_path):
    path = str(tmp_path / "db.sqlite3")
    manage("check", "--database", "default", "--fail-level", "WARNING", DEBUG="True", SQLITE_PATH=path)


def test_migrations_are_complete(manage, tmp_path):
    manage("makemigrations", "--check", "--dry-run", DEBUG="True", SQLITE_PATH=str(tmp_path / "db.sqlite3"))


def test_mail_can_be_sent(manage):
    send = "from django.core.mail import send_mail; send_mail('Subject', 'Text', None, ['a@example.com'])"
    done = python("-W", "error", "manage.py", "shell", "-c", send, DEBUG="True")
    assert "Subject: Subject" in done.stdout


def test_metrics_are_shown_once_there_is_a_token():
    pages = "find_friend.health.middleware.health_middleware", "find_friend.chat.metrics.middleware.metrics_middleware"
    assert settings(DEBUG="True")["MIDDLEWARE"][0] == pages[0]
    found = settings(DEBUG="True", METRICS_TOKEN="secret")
    assert found["MIDDLEWARE"][:2] == [pages[1], pages[0]]
    assert found["FIND_FRIEND"]["METRICS_TOKEN"] == "secret"


def test_example_names_every_variable_that_the_settings_read():
    source = (EXAMPLE / "example_project/settings.py").read_text()
    read = set(re.findall(r'env\.(?:text|flag|words|number)\("([A-Z_]+)"', source))
    assert read == set(NAMES)


def test_mails_lead_to_the_pages_once_their_address_is_known():
    assert settings(DEBUG="True")["FIND_FRIEND"]["PAGES_ORIGIN"] is None
    found = settings(DEBUG="True", PAGES_ORIGIN="https://www.example.com")
    assert found["FIND_FRIEND"]["PAGES_ORIGIN"] == "https://www.example.com"
