"""Django's settings, made from where the data is: no settings module, no secret in a file of the project."""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import django
from django.conf import settings

from doorstep.web.smart import config as apps

HERE: Final = Path(__file__).parent
LANGUAGES: Final = (("zh-hans", "Chinese"), ("en", "English"))
LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")

_lock = threading.Lock()


def configure(data_dir: Path, *, secure: bool = False, behind_proxy: bool = False, hosts: Sequence[str] = ()) -> None:
    """Set Django up for this data directory. A second directory in one process takes the first one's place (tests).

    ``secure`` says that browsers reach the server through TLS only; ``hosts`` by which names beside loopback.
    """
    with _lock:
        if settings.configured:
            _move(data_dir)
            return
        settings.configure(**_values(data_dir, secure, behind_proxy, hosts))
        django.setup()
        # A refusal is an answer, not an event: only what broke is worth a line.
        logging.getLogger("django.request").setLevel(logging.ERROR)


def _values(data_dir: Path, secure: bool, behind_proxy: bool, hosts: Sequence[str]) -> dict[str, Any]:
    from doorstep.web.accounts import elsewhere

    secure = secure or os.environ.get("DOORSTEP_HTTPS", "") == "1"
    known = [*hosts, *os.environ.get("DOORSTEP_HOSTS", "").split(",")]
    return {
        "DEBUG": False,
        "SECRET_KEY": secret_key(data_dir),
        "ALLOWED_HOSTS": [*LOOPBACK, *(host.strip() for host in known if host.strip())],
        "ROOT_URLCONF": "doorstep.web.urls",
        "INSTALLED_APPS": [
            "django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "django.contrib.messages",
            "django.contrib.staticfiles", "django_htmx", "allauth", "allauth.account", "allauth.mfa",
            "allauth.socialaccount", "allauth.socialaccount.providers.openid_connect", "doorstep.web.accounts",
            *apps.APPS, "doorstep.web",
        ],
        "MIDDLEWARE": [
            "doorstep.web.middleware.headers",
            "django.middleware.gzip.GZipMiddleware",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django_htmx.middleware.HtmxMiddleware",
            "allauth.account.middleware.AccountMiddleware",
            "doorstep.web.middleware.person",
            "doorstep.web.middleware.refusals",
        ],
        "TEMPLATES": [{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [HERE / "templates"],
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.messages.context_processors.messages",
                    "doorstep.web.frame.frame",
                ],
                "builtins": ["doorstep.web.templatetags.words", "doorstep.web.templatetags.shown"],
                "loaders": [("django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader"])],
            },
        }],
        "DATABASES": {"default": _database(data_dir)},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "AUTH_USER_MODEL": "accounts.Account",
        "AUTH_PASSWORD_VALIDATORS": [],
        "PASSWORD_HASHERS": [
            "doorstep.web.accounts.hashing.Argon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        ],
        "SESSION_ENGINE": "doorstep.web.accounts.cookies",
        "SESSION_EXPIRE_AT_BROWSER_CLOSE": True,
        "LANGUAGE_CODE": "zh-hans",
        "LANGUAGES": LANGUAGES,
        "USE_I18N": True,
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "STATIC_URL": "/static/",
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_AUTOREFRESH": False,
        "WHITENOISE_MAX_AGE": 31_536_000,
        "LOGIN_URL": "/sign-in/",
        "SESSION_COOKIE_NAME": "__Host-doorstep" if secure else "doorstep",
        "SESSION_COOKIE_AGE": 12 * 3600,
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_NAME": "__Host-doorstep-form" if secure else "doorstep-form",
        "CSRF_COOKIE_SECURE": secure,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_FAILURE_VIEW": "doorstep.web.accounts.doors.forged",
        "LANGUAGE_COOKIE_NAME": "doorstep-language",
        "LANGUAGE_COOKIE_AGE": 31_536_000,
        "LANGUAGE_COOKIE_SAMESITE": "Lax",
        "X_FRAME_OPTIONS": "DENY",
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 1_000_000,
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
        "LOGGING_CONFIG": None,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https") if behind_proxy else None,
        "ACCOUNT_USER_MODEL_EMAIL_FIELD": None,
        "ACCOUNT_LOGIN_METHODS": {"username"},
        "ACCOUNT_SIGNUP_FIELDS": ["username*"],
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "MFA_ADAPTER": "doorstep.web.accounts.adapters.Factors",
        "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
        "MFA_TOTP_ISSUER": "Doorstep",
        "MFA_TOTP_TOLERANCE": 1,
        "SOCIALACCOUNT_ADAPTER": "doorstep.web.accounts.adapters.Elsewhere",
        "SOCIALACCOUNT_STORE_TOKENS": False,
        "SOCIALACCOUNT_PROVIDERS": elsewhere.read(data_dir, os.environ.get("DOORSTEP_IDENTITY_PROVIDERS", "")),
    } | apps.values(data_dir)  # fmt: skip


def secret_key(data_dir: Path) -> str:
    """The key that signs cookies: made once, readable by the owner of the data alone."""
    file = data_dir / "web.key"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text("ascii")
    with os.fdopen(descriptor, "w", encoding="ascii") as made:
        made.write(secrets.token_urlsafe(48))
    return file.read_text("ascii")


def _database(data_dir: Path) -> dict[str, Any]:
    """Accounts and sessions; never a word about a resident."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(data_dir / "accounts.db"),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def _move(data_dir: Path) -> None:
    from django.db import connections

    name = str(data_dir / "accounts.db")
    if settings.DATABASES["default"]["NAME"] == name:
        return
    connections.close_all()
    settings.DATABASES["default"]["NAME"] = name
    settings.SECRET_KEY = secret_key(data_dir)
    for connection in connections.all():
        connection.settings_dict["NAME"] = name
