"""The institutions of the demo district and who works there.

The small district is what the main line and the tests need; the wide one is the whole of it: fourteen centres, the
hospital for mothers and children, the hospital of Chinese medicine.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from doorstep.demo.people import SYNTHETIC, data
from doorstep.terms import systems
from doorstep.terms.catalogue import specialties, table, titles
from doorstep.terms.identifiers import credit_check
from doorstep.workflows import affiliation
from doorstep.workflows.directory import DEPARTMENT, EXT, LEVEL, OWNERSHIP, VALID

Resource = dict[str, Any]
FOUNDED: Final = "2018-01-01"


_WIDE: Final = 500
"""Where the numbers of the wide district's institutions and staff begin: the small one may grow before them."""


@cache
def known(wide: bool = False) -> dict[str, Any]:
    """What stands in the data: the small district, or that with the rest of the centres."""
    small: dict[str, Any] = data("district")
    if not wide:
        return small
    more = data("wide")
    members = [row["id"] for row in more["organizations"]]
    served = {service: [*each, *members] if more["as"] in each else each for service, each in small["served"].items()}
    centres = [row["id"] for row in more["organizations"] if row["kind"] == "township"]
    townships = [row["id"] for row in small["organizations"] if row["kind"] == "township"] + centres
    served |= {row["id"]: townships for row in more["services"]}
    both = {part: [*small[part], *more[part]] for part in ("organizations", "departments", "staff", "services")}
    return {**small, **both, "served": served, "members": [*small["members"], *members]}


@cache
def centres(wide: bool = False) -> tuple[str, ...]:
    """The townships' health centres, where residents are at home."""
    return tuple(row["id"] for row in known(wide)["organizations"] if row["kind"] == "township")


@cache
def town_of(centre: str) -> str:
    """The town of a health centre."""
    return str(next(row["town"] for row in known(True)["organizations"] if row["id"] == centre))


@cache
def doctor_of(institution: str) -> str:
    """The one who sees people at an institution: its first doctor in the data, at the hospital the head of a ward."""
    return str(next(row["id"] for row in known(True)["staff"]
                    if row["organization"] == institution and row["role"] == "doctor"))  # fmt: skip


def directory(*, wide: bool = False) -> Iterator[Resource]:
    """Organizations, places, services, affiliations, practitioners and their posts, each after what it refers to."""
    rows = known(wide)
    small = known()
    for number, row in _numbered(rows["organizations"], len(small["organizations"])):
        yield _organization(row, number, rows["district"])
    for row in rows["departments"]:
        yield _department(row)
    for row in rows["places"]:
        yield _place(row)
    for row in rows["services"]:
        yield _made("HealthcareService", row["id"], active=True, name=row["name"],
                    providedBy=_organization_ref(row["organization"]),
                    category=[{"coding": [table("affiliation")[row["role"]].coding()]}])  # fmt: skip
    yield from _affiliations(rows)
    yield from _alliance(rows)
    for number, row in _numbered(rows["staff"], len(small["staff"])):
        yield from _staff(row, number)


def _numbered(rows: list[dict[str, Any]], small: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row with its number: those of the small district from 1, the others behind a gap."""
    for place, row in enumerate(rows, 1):
        yield (place if place <= small else place - small + _WIDE), row


def _organization(row: dict[str, Any], number: int, district: str) -> Resource:
    first17 = f"12509900MB{number:07d}"
    where = row.get("away", district)
    kinds = [table("organization-kind")[row["kind"]]]
    if "class" in row:
        kinds.append(table("institution-class")[row["class"]])
    found = _made(
        "Organization", row["id"], active=True, name=row["name"], alias=[row["alias"]],
        identifier=[{"system": systems.CREDIT_CODE, "value": first17 + credit_check(first17)}],
        type=[{"coding": [kind.coding()]} for kind in kinds],
        telecom=[{"system": "phone", "value": f"000-1200{number:04d}", "use": "work"}],
        address=[{"use": "work", "district": where, "text": where + row.get("town", "")}],
        extension=[_extension(VALID, valuePeriod={"start": FOUNDED}),
                   _extension(OWNERSHIP, valueCoding=table("ownership")["public"].coding())],
    )  # fmt: skip
    if "level" in row:
        found["extension"].append(_extension(LEVEL, valueCoding=table("hospital-level")[row["level"]].coding()))
    if row["partOf"]:
        found["partOf"] = {"reference": f"Organization/{row['partOf']}"}
    return found


def _department(row: dict[str, Any]) -> Resource:
    kinds = [table("organization-kind")["department"]]
    if "specialty" in row:
        kinds.append(specialties()[row["specialty"]])
    return _made(
        "Organization", row["id"], active=True, name=row["name"], alias=[row["alias"]],
        type=[{"coding": [kind.coding()]} for kind in kinds], partOf=_organization_ref(row["organization"]),
        extension=[_extension(VALID, valuePeriod={"start": FOUNDED})],
    )  # fmt: skip


def _place(row: dict[str, Any]) -> Resource:
    found = _made(
        "Location", row["id"], status="active", name=row["name"], mode="instance",
        physicalType={"coding": [table("place-kind")[row["kind"]].coding()]},
        managingOrganization=_organization_ref(row["organization"]),
    )  # fmt: skip
    if "within" in row:
        found["partOf"] = {"reference": f"Location/{row['within']}"}
    if "specialty" in row:
        found["type"] = [{"coding": [specialties()[row["specialty"]].coding()]}]
    if row["kind"] == "bd":
        found["operationalStatus"] = table("bed-status")["U"].coding()
    return found


def _affiliations(known: dict[str, Any]) -> Iterator[Resource]:
    services = {row["id"]: row for row in known["services"]}
    others = {row["id"] for row in data("wide")["services"]}
    for service, members in known["served"].items():
        row = services[service]
        for member in members:
            yield _made(
                "OrganizationAffiliation",
                f"{member}-{row['organization']}-{row['role']}" if service in others else f"{member}-{row['role']}",
                active=True,
                organization=_organization_ref(member),
                participatingOrganization=_organization_ref(row["organization"]),
                code=[{"coding": [{"system": affiliation.SYSTEM, "code": row["role"]}]}],
                healthcareService=[{"reference": f"HealthcareService/{service}"}],
            )  # fmt: skip


def _alliance(known: dict[str, Any]) -> Iterator[Resource]:
    codes = table("affiliation")
    for member in known["members"]:
        yield _made(
            "OrganizationAffiliation", f"{member}-member", active=True, period={"start": FOUNDED},
            organization=_organization_ref("alliance"), participatingOrganization=_organization_ref(member),
            code=[{"coding": [codes["member"].coding()]}],
        )  # fmt: skip
    for row in known["agreements"]:
        yield _made(
            "OrganizationAffiliation", f"{row['partner']}-agreement", active=True,
            identifier=[{"system": systems.AGREEMENT_NUMBER, "value": row["number"]}],
            period={"start": row["start"], "end": row["end"]},
            organization=_organization_ref(row["party"]), participatingOrganization=_organization_ref(row["partner"]),
            code=[{"coding": [codes["agreement"].coding()]}, {"coding": [table("agreement")[row["kind"]].coding()]}],
        )  # fmt: skip


def _staff(row: dict[str, Any], number: int) -> Iterator[Resource]:
    family, given = row["name"][0], row["name"][1:]
    title = titles()[row["title"]]
    who = _made(
        "Practitioner", row["id"], active=True,
        identifier=[{"system": systems.STAFF_NUMBER, "value": f"D509900{number:06d}"}],
        name=[{"text": row["name"], "family": family, "given": [given]}],
        telecom=[{"system": "phone", "value": f"1269000{number:04d}", "use": "work"}],
    )  # fmt: skip
    _qualify(who, row, number)
    yield who
    post = _made(
        "PractitionerRole", f"{row['id']}-{row['organization']}", active=True, period={"start": FOUNDED},
        practitioner={"reference": f"Practitioner/{row['id']}", "display": row["name"]},
        organization=_organization_ref(row["organization"]),
        code=[{"coding": [{"system": systems.STAFF_ROLE, "code": row["role"]}, title.coding()], "text": title.zh}],
    )  # fmt: skip
    if "department" in row:
        post["extension"] = [_extension(DEPARTMENT, valueReference=_organization_ref(row["department"]))]
    yield post


def _qualify(who: Resource, row: dict[str, Any], number: int) -> None:
    """Certificates in the form in which ``directory_people`` writes them."""
    found: list[Resource] = []
    if "scope" in row:
        certificate = {"system": systems.PRACTICE_LICENCE, "value": f"110509900{number:06d}"}
        who["identifier"].append(certificate)
        scope = table("practice-scope")[row["scope"]]
        found.append({"identifier": [certificate], "code": {"coding": [scope.coding()]}, "period": {"start": FOUNDED}})
    if "level" in row:
        found.append({"code": {"coding": [table("title-level")[row["level"]].coding()]}})
    if found:
        who["qualification"] = found


def _extension(name: str, **value: Any) -> Resource:
    return {"url": EXT + name, **value}


def _organization_ref(id_: str) -> dict[str, str]:
    return {"reference": f"Organization/{id_}"}


def _made(type_name: str, id_: str, **members: Any) -> Resource:
    return {"resourceType": type_name, "id": id_, "meta": {"tag": [SYNTHETIC]}, **members}
