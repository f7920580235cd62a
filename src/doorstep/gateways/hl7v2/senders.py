"""Who may send results, for which institution and from where: the operator's list."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from doorstep.kernel.access import ADMINISTRATOR
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.refs import Actor, Ref
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.workflows.code_map import SENDER

SETTING: Final = "hl7.senders"


@dataclass(frozen=True, slots=True)
class Sender:
    """A system by MSH-3 and MSH-4 ("LIS|LAB"), as which Device it acts for which institution, and from which networks
    (none named: this machine alone)."""

    name: str
    device: str
    organization: str
    networks: tuple[str, ...] = ()

    @property
    def actor(self) -> Actor:
        return Actor(self.device, "gateway", self.organization, "TREAT", f"hl7 {self.name}"[:60])

    def may_come_from(self, address: str) -> bool:
        """Whether a connection from an address may speak for this sender."""
        here = ipaddress.ip_address(address)
        if not self.networks:
            return here.is_loopback
        return any(here in ipaddress.ip_network(each) for each in self.networks)


def senders(store: Store) -> dict[str, Sender]:
    """By name."""
    known: dict[str, dict[str, Any]] = json.loads(store.setting(SETTING, "") or "{}")
    return {name: Sender(name, each["device"], each["organization"], tuple(each["networks"]))
            for name, each in known.items()}  # fmt: skip


def allow(store: Store, name: str, *, organization: str, networks: tuple[str, ...] = ()) -> Sender:
    """A system may send results for an institution; a second time changes where it may send from."""
    application, bar, facility = name.partition("|")
    if not bar or not application.strip() or "|" in facility:
        raise Invalid("lab.hl7-sender-name", element="name", given=name[:80])
    for each in networks:
        try:
            ipaddress.ip_network(each)
        except ValueError:
            raise Invalid("lab.hl7-network", element="from", given=each[:80]) from None
    known = senders(store)
    if name in known and known[name].organization == organization:
        device = known[name].device
    else:
        hand = Actor("Device/doorstep", ADMINISTRATOR, organization, "HOPERAT", "operator")
        device = store.run(hand, _device, name=name, organization=organization)
    made = Sender(name, device, organization, networks)
    _keep(store, {**known, name: made})
    return made


def forbid(store: Store, name: str) -> None:
    """A system may send no more; what it sent stays."""
    known = senders(store)
    known.pop(name, None)
    _keep(store, known)


def of(store: Store, name: str, *, address: str, by: Actor | None = None) -> Sender:
    """The sender that a message names, if it may come from where it came.

    ``by`` is somebody at work who has its text: then it must be a sender of their own institution.
    """
    found = senders(store).get(name)
    allowed = found is not None and (found.organization == by.organization if by else found.may_come_from(address))
    if found is None or not allowed:
        raise RuleBroken("lab.hl7-sender", element="MSH-3", given=name[:80], address=address)
    return found


def _keep(store: Store, known: dict[str, Sender]) -> None:
    store.set_setting(SETTING, json.dumps({name: asdict(each) for name, each in known.items()}, ensure_ascii=False))


def _device(tx: Tx, *, name: str, organization: str) -> str:
    tx.read("Organization", Ref.parse(organization).id)
    made = tx.create({
        "resourceType": "Device", "status": "active", "identifier": [{"system": SENDER, "value": name}],
        "deviceName": [{"name": name, "type": "user-friendly-name"}], "owner": {"reference": organization},
    })  # fmt: skip
    return str(made.ref)
