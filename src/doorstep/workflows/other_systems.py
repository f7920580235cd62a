"""Other systems of an institution that open a resident here (SMART App Launch): an Endpoint for each.

Its own administrator registers it: where it answers (issuer), as which client we are known there, how we show who we
are, and what it calls the numbers of residents. A launch from anywhere else is refused.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from doorstep.kernel import keys
from doorstep.kernel.errors import Conflict, Gone, Invalid, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.workflows.directory import EXT, attest, extension, identifier, own_only, save, typed

PUBLIC: Final = "public"
KEY: Final = "key"
KINDS: Final = (PUBLIC, KEY)
"""How we show who we are at their token endpoint: by PKCE alone, or by our key as well."""

CONNECTION: Final = f"{systems.BASE}/cs/connection"
OPENS: Final = "smart-launch"
ISSUER: Final = f"{systems.BASE}/sid/issuer"
CLIENT: Final = f"{systems.BASE}/sid/client"
_KIND, _IDENTITY, _OWN = "client-kind", "identity-system", "own-number-system"
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class System:
    """One other system. ``identity`` and ``own`` are the Identifier.system of its identity and patient numbers."""

    id: str
    name: str
    organization: str
    issuer: str
    client: str
    kind: str
    identity: str
    own: str
    on: bool


def register(tx: Tx, *, name: str, issuer: str, client: str, kind: str, identity: str = "", own: str = "") -> Stored:
    """A system of the actor's own institution may open residents here from now on."""
    own_only(tx, tx.actor.organization)
    made = _resource(name, issuer, client, kind, identity, own)
    made["managingOrganization"] = {"reference": tx.actor.organization}
    _once(tx, made["address"], "")
    stored = tx.create({**made, "status": "active"})
    attest(tx, "register", stored)
    return stored


def change(
    tx: Tx, *, system: str, name: str, issuer: str, client: str, kind: str, identity: str = "", own: str = "",
    version: str = "",
) -> Stored:  # fmt: skip
    """Correct what is registered of it."""
    before = _own(tx, system)
    made = _resource(name, issuer, client, kind, identity, own)
    _once(tx, made["address"], system)
    kept = {"id": system, "status": before["status"], "managingOrganization": before["managingOrganization"]}
    stored = save(tx, {**made, **kept}, version=version)
    attest(tx, "describe", stored)
    return stored


def switch(tx: Tx, *, system: str, on: str, version: str = "") -> Stored:
    """It may open nobody any more (``on`` is empty), or may again."""
    stored = save(tx, {**_own(tx, system), "status": "active" if on else "off"}, version=version)
    attest(tx, "reopen" if on else "close", stored)
    return stored


def of(reads: Reads, organization: str) -> list[System]:
    """The systems that an institution has registered, by name."""
    query = [("organization", organization), ("connection-type", f"{CONNECTION}|{OPENS}"), ("_sort", "name")]
    return [read(each) for each in reads.search("Endpoint", query)]


def by_issuer(reads: Reads, issuer: str) -> list[System]:
    """The systems that answer under an address and may open residents, at whatever institution."""
    query = [("identifier", f"{ISSUER}|{tidy(issuer)}"), ("status", "active")]
    return [read(each) for each in reads.search("Endpoint", query)]


def one(reads: Reads, id_: str) -> System:
    """One by id."""
    found = reads.read("Endpoint", id_)
    if found["connectionType"].get("code") != OPENS:
        raise NotFound("launch.no-such-system")
    return read(found)


def read(endpoint: dict[str, Any]) -> System:
    """What an Endpoint says."""
    return System(
        endpoint["id"], endpoint.get("name", ""), endpoint["managingOrganization"]["reference"], endpoint["address"],
        identifier(endpoint, CLIENT), _said(endpoint, _KIND, "valueCode") or PUBLIC,
        _said(endpoint, _IDENTITY, "valueUri") or systems.IDENTITY_NUMBER, _said(endpoint, _OWN, "valueUri"),
        endpoint["status"] == "active",
    )  # fmt: skip


def tidy(issuer: str) -> str:
    """An issuer as it is kept: without the slash at its end."""
    return issuer.strip().rstrip("/")


def _said(endpoint: dict[str, Any], name: str, member: str) -> str:
    found = extension(endpoint, name)
    return str(found[0][member]) if found else ""


def _own(tx: Tx, system: str) -> dict[str, Any]:
    """The Endpoint, if it is one of the actor's institution."""
    try:
        found = tx.read("Endpoint", system)
    except Gone:
        raise NotFound("launch.no-such-system") from None
    if found["connectionType"].get("code") != OPENS:
        raise NotFound("launch.no-such-system")
    own_only(tx, found["managingOrganization"]["reference"])
    return found


def _resource(name: str, issuer: str, client: str, kind: str, identity: str, own: str) -> dict[str, Any]:
    typed(name=name, issuer=issuer, client=client)
    if kind not in KINDS:
        raise Invalid("directory.unknown-code", element="kind", code=kind[:40])
    address = tidy(issuer)
    if not is_address(address):
        raise Invalid("launch.bad-issuer", element="issuer", given=address[:100])
    for box, text in (("identity", identity), ("own", own)):
        if len(text) > _LONGEST or any(each.isspace() for each in text.strip()):
            raise Invalid("launch.bad-system", element=box, given=text[:100])
    said = [{"url": EXT + _KIND, "valueCode": kind}]
    said += [{"url": EXT + _IDENTITY, "valueUri": identity.strip()}] if identity.strip() else []
    said += [{"url": EXT + _OWN, "valueUri": own.strip()}] if own.strip() else []
    return {
        "resourceType": "Endpoint", "extension": said,
        "identifier": [{"system": ISSUER, "value": address}, {"system": CLIENT, "value": client.strip()[:_LONGEST]}],
        "connectionType": {"system": CONNECTION, "code": OPENS}, "name": name.strip()[:120],
        "payloadType": [{"text": "Patient"}], "address": address,
    }  # fmt: skip


def is_address(text: str) -> bool:
    """Whether an issuer can be asked at all: by HTTPS, or by plain HTTP on the very machine."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    odd = parts.username is not None or parts.query or parts.fragment or len(text) > _LONGEST or not text.isascii()
    if odd or not host or any(each.isspace() for each in text):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _once(tx: Tx, issuer: str, own: str) -> None:
    """One system of an institution answers under an address."""
    keys.one_at_a_time(tx, f"{OPENS} {tx.actor.organization}")
    found = tx.search("Endpoint", [("identifier", f"{ISSUER}|{issuer}"), ("organization", tx.actor.organization)])
    if any(each["id"] != own for each in found):
        raise Conflict("launch.known-issuer", element="issuer", name=str(found[0].get("name", "")))
