"""An account: a name, a password, and the Practitioner whom it signs in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Accounts(BaseUserManager):
    """Makes accounts; a password is never kept as it was given."""

    def make(self, username: str, password: str, practitioner: str) -> Any:
        """A new account, or the same one with another password."""
        account, _ = self.get_or_create(username=username, defaults={"practitioner": practitioner})
        account.practitioner = practitioner
        account.set_password(password)
        account.save()
        return account


class Account(AbstractBaseUser):
    """``practitioner`` is a reference such as "Practitioner/zhangmin"."""

    username = models.CharField(max_length=64, unique=True)
    practitioner = models.CharField(max_length=80)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "username"
    objects = Accounts()

    class Meta:
        app_label = "accounts"
