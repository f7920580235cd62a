"""fhirstarter (a FHIR framework on FastAPI) over dictionaries, as in its own example: what the framework alone costs.

It has no store, so this gives it the cheapest that there is: nothing is durable, nothing is indexed but by patient.
Run by the interpreter of its own virtual environment: fhirstarter_app.py PORT NDJSON.
"""

import os
import sys
from uuid import uuid4

os.environ["FHIR_SEQUENCE"] = "R4B"  # it knows no R4; R4B is the nearest

import json
from pathlib import Path

import uvicorn
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.observation import Observation
from fhirstarter import FHIRProvider, FHIRStarter, InteractionContext
from fhirstarter.exceptions import FHIRResourceNotFoundError

RECORD: dict[str, str] = {}
OF_PATIENT: dict[str, list[dict]] = {}
provider = FHIRProvider()


@provider.read(Observation)
def read(context: InteractionContext, id_: str) -> Observation:
    found = RECORD.get(id_)
    if found is None:
        raise FHIRResourceNotFoundError
    return Observation.model_validate_json(found)


@provider.create(Observation)
def create(context: InteractionContext, resource: Observation) -> str:
    resource.id = str(uuid4())
    keep(resource.id, resource.model_dump_json())
    return resource.id


@provider.search_type(Observation)
def search(
    context: InteractionContext, patient: str | None, code: list[str] | None, date: list[str] | None
) -> Bundle:
    system, _, value = code[0].rpartition("|")
    since = date[0].removeprefix("ge")
    found = [
        each for each in OF_PATIENT.get(patient, [])
        if each["effectiveDateTime"] >= since
        and any(coding["system"] == system and coding["code"] == value for coding in each["code"]["coding"])
    ]  # fmt: skip
    found.sort(key=lambda each: each["effectiveDateTime"], reverse=True)
    return Bundle(type="searchset", total=len(found), entry=[{"resource": each} for each in found[:10]])


def keep(id: str, text: str) -> None:
    RECORD[id] = text
    found = json.loads(text)
    OF_PATIENT.setdefault(found["subject"]["reference"].partition("/")[2], []).append(found)


def main(port: str, file: str) -> None:
    for line in Path(file).read_text("utf-8").splitlines():
        if line.startswith('{"resourceType":"Observation"'):
            keep(json.loads(line)["id"], line)
    app = FHIRStarter()
    app.add_providers(provider)
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
