"""The entries of a Bundle that is no transaction: a collection, a searchset, a document.

Entries may name each other by ``urn:uuid:`` (R4 2.36.4.1). These names become "Type/id", as in a transaction, on the
bytes, so that everything else stays exactly as it came; so does a name that no entry has, which ``check`` then lists.
Absolute addresses stay: they may lie outside, and a canonical resource is named by one.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from doorstep.kernel import exact
from doorstep.kernel.bundle_links import is_placeholder, links, rewrite
from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Invalid
from doorstep.kernel.puts import home_part
from doorstep.kernel.refs import is_id, named_id, new_id, part_of_resident

_URN: Final = "urn:uuid:"


class _Entry(msgspec.Struct):
    resource: msgspec.Raw = msgspec.Raw(b"")
    fullUrl: str = ""  # noqa: N815 - the member's name


class _Bundle(msgspec.Struct):
    entry: list[_Entry] = []


_decoder: Final = msgspec.json.Decoder(_Bundle)


def entries(raw: bytes, content: str) -> list[tuple[int, bytes]]:
    """(number of the entry, its resource's bytes with the names of other entries replaced), where it has a resource.

    ``content`` names the Bundle: an entry without an id gets the same one each time. Invalid for no list of entries.
    """
    try:
        numbered = [(number, entry) for number, entry in enumerate(_decoder.decode(raw).entry, 1) if entry.resource]
    except msgspec.ValidationError as error:
        raise Invalid("bundle.bad-entry", element=f"Bundle{str(error).rpartition('$')[2].rstrip('`')}") from None
    texts = [(number, bytes(entry.resource)) for number, entry in numbered]
    if b"urn:" not in raw:
        return texts
    named = [
        (number, entry.fullUrl, bytes(entry.resource)) for number, entry in numbered if is_placeholder(entry.fullUrl)
    ]
    targets = _targets(named, content)
    known = frozenset(name for name in targets if name.startswith(_URN))
    return [(number, rewrite(text, links(text, full_url="", known=known), targets)) for number, text in texts]


def own_id(resource: dict[str, Any], name: str) -> str:
    """A new id; of a line or entry that has a name always the same, so that what is met twice is written once."""
    if not name:
        return new_id(home_part(resource))
    part = part_of_resident(name) if resource["resourceType"] == "Patient" else home_part(resource)
    return named_id(part, name)


def _targets(named: list[tuple[int, str, bytes]], content: str) -> dict[str, str]:
    """fullUrl -> "Type/id". Residents first: the id of what is about one carries that one's part."""
    targets: dict[str, str] = {}
    known = frozenset(name for _, name, _ in named if name.startswith(_URN))
    later: list[tuple[int, str, bytes]] = []
    for number, name, text in named:
        resource = exact.decode(text)
        if not isinstance(resource, dict) or resource.get("resourceType") not in definitions().number:
            continue  # refused when it is prepared
        id_ = resource.get("id")
        if id_ is None and resource["resourceType"] != "Patient":
            later.append((number, name, text))
        elif id_ is None or (isinstance(id_, str) and is_id(id_)):
            targets.setdefault(name, f"{resource['resourceType']}/{id_ or own_id(resource, f'{content}:{number}')}")
    residents = dict(targets)
    for number, name, text in later:
        resource = exact.decode(rewrite(text, links(text, full_url="", known=known), residents))
        targets.setdefault(name, f"{resource['resourceType']}/{own_id(resource, f'{content}:{number}')}")
    return targets
