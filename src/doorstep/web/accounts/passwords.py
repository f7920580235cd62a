"""Whether a password is good enough: long, not one of the known ones, not the name again (Django's validators)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import password_validation as rules
from django.core.exceptions import ValidationError

from doorstep.kernel.errors import Invalid
from doorstep.web.accounts.limits import limit


def objections(password: str, account: Any) -> list[str]:
    """What speaks against it, in the reader's language."""
    asked = [
        rules.MinimumLengthValidator(limit("password.shortest").amount),
        rules.UserAttributeSimilarityValidator(("username",)),
        rules.CommonPasswordValidator(),
        rules.NumericPasswordValidator(),
    ]
    try:
        rules.validate_password(password, account, asked)
    except ValidationError as refused:
        return [str(message) for message in refused.messages]
    return []


def chosen(given: Any, account: Any) -> str:
    """The new password of a form that asks twice. Invalid when the two differ; objections are for ``objections``."""
    password = str(given.get("new", ""))
    if password != given.get("repeat", ""):
        raise Invalid("accounts.passwords-differ", element="repeat")
    return password
