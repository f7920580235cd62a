"""Apps, what their users have agreed to, and the connections that follow from it. Never a word about a resident.

A connection is one authorization: from the code over the first token to the last refresh. Its id is the family of its
refresh tokens and of its sessions in the record, so that ending it ends all of them.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.conf import settings
from django.db import models
from oauth2_provider.models import AbstractApplication

PUBLIC: Final = "public"
SECRET: Final = "secret"  # noqa: S105 - a kind of app
KEY: Final = "key"
BACKEND: Final = "backend"
KINDS: Final = (PUBLIC, SECRET, KEY, BACKEND)
"""How an app shows who it is: not at all (PKCE alone), with a secret, with its key; a service without a user."""


class App(AbstractApplication):
    """A registered app. ``ceiling`` is what it may ever be given; ``institution`` for whom a service acts."""

    kind = models.CharField(max_length=16, default=PUBLIC)
    ceiling = models.TextField(default="")
    institution = models.CharField(max_length=80, default="", blank=True)
    launch_url = models.TextField(default="", blank=True)
    keys = models.TextField(default="", blank=True)
    keys_url = models.TextField(default="", blank=True)
    disabled = models.BooleanField(default=False)

    class Meta:
        app_label = "smart"

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Exactly one of those that were registered (RFC 9700, 4.1.3): no prefix, no added query, no other port."""
        return uri in self.redirect_uris.split()

    def is_usable(self, request: Any) -> bool:
        return not self.disabled


class Connection(models.Model):
    """One authorization of one app. ``account`` and ``code`` are empty for a service that acts for itself.

    ``posting`` is the role in which the holder acted, ``proof`` what their password was like then, ``page`` the sign-in
    with which an online authorization ends. ``patient`` and ``encounter`` are the ids that the app is told; ``limited``
    is the resident to whom its tokens are limited, "" for all whom the holder may see.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    app = models.ForeignKey(App, on_delete=models.CASCADE)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True)
    code = models.CharField(max_length=64, null=True, unique=True)
    person = models.CharField(max_length=80)
    role = models.CharField(max_length=40)
    organization = models.CharField(max_length=80)
    purpose = models.CharField(max_length=20)
    posting = models.CharField(max_length=80, default="", blank=True)
    proof = models.CharField(max_length=128, default="", blank=True)
    page = models.CharField(max_length=40, default="", blank=True)
    scope = models.TextField()
    patient = models.CharField(max_length=64, default="", blank=True)
    encounter = models.CharField(max_length=64, default="", blank=True)
    limited = models.CharField(max_length=64, default="", blank=True)
    made = models.BigIntegerField()
    ended = models.BigIntegerField(default=0)

    class Meta:
        app_label = "smart"


class Agreement(models.Model):
    """What somebody has agreed that an app may do; asked again when the app wants more."""

    app = models.ForeignKey(App, on_delete=models.CASCADE)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    scope = models.TextField()
    since = models.BigIntegerField()

    class Meta:
        app_label = "smart"
        constraints = [models.UniqueConstraint(fields=["app", "account"], name="smart_one_agreement")]


class Launch(models.Model):
    """An app opened from one of our pages: an id for one use, of which only the hash is kept."""

    hash = models.CharField(max_length=64, primary_key=True)
    app = models.ForeignKey(App, on_delete=models.CASCADE)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    patient = models.CharField(max_length=64)
    encounter = models.CharField(max_length=64, default="", blank=True)
    expires = models.BigIntegerField()
    used = models.BooleanField(default=False)

    class Meta:
        app_label = "smart"


class Assertion(models.Model):
    """A signed assertion that has been used: it is not taken twice."""

    app = models.ForeignKey(App, on_delete=models.CASCADE)
    jti = models.CharField(max_length=64)
    expires = models.BigIntegerField(db_index=True)

    class Meta:
        app_label = "smart"
        constraints = [models.UniqueConstraint(fields=["app", "jti"], name="smart_one_use")]
