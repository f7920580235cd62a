"""The institutions of the demo district and who works there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from doorstep.demo.people import SYNTHETIC, data
from doorstep.terms import systems
from doorstep.terms.catalogue import titles
from doorstep.terms.identifiers import credit_check
from doorstep.workflows import affiliation

Resource = dict[str, Any]


def directory() -> Iterator[Resource]:
    """Organizations, rooms, services, affiliations, practitioners and their roles, each after what it refers to."""
    known = data("district")
    for number, row in enumerate(known["organizations"], 1):
        yield _organization(row, number, known["district"])
    for row in known["rooms"]:
        yield _made("Location", row["id"], status="active", name=row["name"], mode="instance",
                    managingOrganization=_organization_ref(row["organization"]))  # fmt: skip
    for row in known["services"]:
        yield _made("HealthcareService", row["id"], active=True, name=row["name"],
                    providedBy=_organization_ref(row["organization"]),
                    category=[{"coding": [{"system": affiliation.SYSTEM, "code": row["role"]}]}])  # fmt: skip
    yield from _affiliations(known)
    for number, row in enumerate(known["staff"], 1):
        yield from _staff(row, number)


def _organization(row: dict[str, Any], number: int, district: str) -> Resource:
    first17 = f"12509900MB{number:07d}"
    found = _made(
        "Organization", row["id"], active=True, name=row["name"], alias=[row["alias"]],
        identifier=[{"system": systems.CREDIT_CODE, "value": first17 + credit_check(first17)}],
        type=[{"coding": [{"system": systems.ORGANIZATION_KIND, "code": row["kind"]}]}],
        telecom=[{"system": "phone", "value": f"000-1200{number:04d}", "use": "work"}],
        address=[{"use": "work", "district": district, "text": district + row.get("town", "")}],
    )  # fmt: skip
    if row["partOf"]:
        found["partOf"] = {"reference": f"Organization/{row['partOf']}"}
    return found


def _affiliations(known: dict[str, Any]) -> Iterator[Resource]:
    services = {row["id"]: row for row in known["services"]}
    for service, members in known["served"].items():
        row = services[service]
        for member in members:
            yield _made(
                "OrganizationAffiliation", f"{member}-{row['role']}", active=True,
                organization=_organization_ref(member),
                participatingOrganization=_organization_ref(row["organization"]),
                code=[{"coding": [{"system": affiliation.SYSTEM, "code": row["role"]}]}],
                healthcareService=[{"reference": f"HealthcareService/{service}"}],
            )  # fmt: skip


def _staff(row: dict[str, Any], number: int) -> Iterator[Resource]:
    family, given = row["name"][0], row["name"][1:]
    title = titles()[row["title"]]
    yield _made(
        "Practitioner", row["id"], active=True,
        identifier=[{"system": systems.STAFF_NUMBER, "value": f"D509900{number:06d}"}],
        name=[{"text": row["name"], "family": family, "given": [given]}],
        telecom=[{"system": "phone", "value": f"1269000{number:04d}", "use": "work"}],
    )  # fmt: skip
    yield _made(
        "PractitionerRole", f"{row['id']}-{row['organization']}", active=True,
        practitioner={"reference": f"Practitioner/{row['id']}", "display": row["name"]},
        organization=_organization_ref(row["organization"]),
        code=[{"coding": [{"system": systems.STAFF_ROLE, "code": row["role"]}, title.coding()], "text": title.zh}],
    )  # fmt: skip


def _organization_ref(id_: str) -> dict[str, str]:
    return {"reference": f"Organization/{id_}"}


def _made(type_name: str, id_: str, **members: Any) -> Resource:
    return {"resourceType": type_name, "id": id_, "meta": {"tag": [SYNTHETIC]}, **members}
