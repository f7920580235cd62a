"""An account: a name, a password, and the person whom it signs in; what is kept beside it for signing in safely."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


def tidy(name: str) -> str:
    """A user name as it is kept: one spelling for full-width and capital letters."""
    return unicodedata.normalize("NFKC", name).strip().lower()[:64]


class Accounts(BaseUserManager):
    """Makes accounts; a password is never kept as it was given."""

    def make(self, username: str, password: str | None, person: str) -> Any:
        """A new account, or the same one with another password; without one nobody can sign in by password."""
        account, _ = self.get_or_create(username=tidy(username), defaults={"person": person})
        account.person = person
        account.set_password(password)
        account.save()
        return account

    def get_by_natural_key(self, username: str | None) -> Any:
        return self.get(username=tidy(username or ""))


class Account(AbstractBaseUser):
    """``person`` is a reference: "Practitioner/zhangmin" at work, "Patient/x" a resident, "RelatedPerson/x" a proxy.

    ``external`` is who this is to another identity provider ("provider:value"), "" when nobody; ``language`` the
    reader's own, ``last_role`` the role in which they acted last.
    """

    username = models.CharField(max_length=64, unique=True)
    person = models.CharField(max_length=80)
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=10, default="", blank=True)
    external = models.CharField(max_length=200, default="", blank=True, db_index=True)
    last_role = models.CharField(max_length=80, default="", blank=True)

    USERNAME_FIELD = "username"
    objects = Accounts()

    class Meta:
        app_label = "accounts"


class Invitation(models.Model):
    """A link that is shown once and lets one person choose a password for one account. Only its hash is kept."""

    hash = models.CharField(max_length=64, primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    expires = models.BigIntegerField()

    class Meta:
        app_label = "accounts"


class Tries(models.Model):
    """Failed sign-ins in a row, of one user name or one address (``key`` is a hash: people mistype passwords there)."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.IntegerField(default=0)
    last = models.BigIntegerField(default=0)
    until = models.BigIntegerField(default=0)

    class Meta:
        app_label = "accounts"
