"""The first start: no default password. A token is printed on this machine; who types it makes the first account."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Invalid
from doorstep.kernel.refs import DIRECTORY, new_id
from doorstep.kernel.sessions import hashed
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import titles
from doorstep.terms.identifiers import credit_check
from doorstep.web.accounts.models import Account, tidy

TOKEN: Final = "setup.token"
_LETTERS: Final = "23456789abcdefghjkmnpqrstvwxyz"
_KINDS: Final = ("alliance", "hospital", "township")
ROLE: Final = "security-admin"


def token(store: Store) -> str:
    """A fresh set-up token when nobody has an account yet, else "". The record keeps its hash."""
    if Account.objects.exists():
        return ""
    made = "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
    store.set_setting(TOKEN, hashed(tidy_token(made)))
    return made


def tidy_token(typed: str) -> str:
    """However it was typed."""
    return "".join(letter for letter in typed.lower() if letter in _LETTERS)


def establish(store: Store, given: Mapping[str, str], password: str) -> Any:
    """The institution, its security administrator and their account; runs inside a transaction of the accounts."""
    if Account.objects.exists():
        raise Conflict("accounts.set-up-already", element="token")
    values = {name: given.get(name, "").strip() for name in ("institution", "credit", "kind", "name", "username")}
    for box in ("institution", "name", "username"):
        if not values[box]:
            raise Invalid("web.empty-box", element=box)
    if values["kind"] not in _KINDS:
        raise Invalid("web.empty-box", element="kind")
    _check_credit(values["credit"])
    person = store.run(SYSTEM, _people, values=values)
    return Account.objects.make(tidy(values["username"]), password, person)


def _check_credit(code: str) -> None:
    code = code.upper()
    if len(code) != 18 or not code.isalnum() or not code.isascii() or credit_check(code[:17]) != code[17]:
        raise Invalid("accounts.credit-code", element="credit")


def _people(tx: Tx, *, values: dict[str, str]) -> str:
    organization, person, title = new_id(DIRECTORY), new_id(DIRECTORY), titles()[ROLE]
    tx.update({
        "resourceType": "Organization", "id": organization, "active": True, "name": values["institution"],
        "identifier": [{"system": systems.CREDIT_CODE, "value": values["credit"].upper()}],
        "type": [{"coding": [{"system": systems.ORGANIZATION_KIND, "code": values["kind"]}]}],
    })  # fmt: skip
    tx.update({"resourceType": "Practitioner", "id": person, "active": True, "name": [{"text": values["name"]}]})
    tx.create({
        "resourceType": "PractitionerRole", "active": True,
        "practitioner": {"reference": f"Practitioner/{person}", "display": values["name"]},
        "organization": {"reference": f"Organization/{organization}"},
        "code": [{"coding": [{"system": systems.STAFF_ROLE, "code": ROLE}, title.coding()], "text": title.zh}],
    })  # fmt: skip
    return f"Practitioner/{person}"
