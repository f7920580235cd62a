"""The interaction table: R4 3.1.0, its summary, and the operations of R4 3.2.

One row an address and method. The capability statement, the OpenAPI document, the 405 answers and the tests read this
table. ``rule`` says who may call; there is no row without one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from doorstep.rest import (
    audit_event,
    batch,
    bulk,
    compartment,
    create,
    delete,
    everything,
    expand,
    history,
    lastn,
    lookup,
    message,
    meta,
    metadata,
    openapi,
    patch,
    read,
    search,
    smart,
    subscription_status,
    subscriptions,
    update,
    validate,
    validate_code,
    vread,
)
from doorstep.rest.request import Request
from doorstep.rest.response import Response
from doorstep.rest.service import Service

Handler = Callable[[Service, Request], Response]


class Rule(Enum):
    """Who may call an address at all; what they then see is decided in the SQL of every read."""

    PUBLIC = "public"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Route:
    """``shape`` is the path with {} for each variable segment; ``code`` the R4 interaction or "$operation"."""

    method: str
    shape: str
    handler: Handler
    code: str
    rule: Rule = Rule.ACCOUNT
    types: frozenset[str] = frozenset()
    """The types an operation is defined on; empty for all."""


def _on(*types: str) -> frozenset[str]:
    return frozenset(types)


_CODED: Final = _on("ValueSet", "CodeSystem")

ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "metadata", metadata.metadata, "capabilities", Rule.PUBLIC),
    Route("GET", "openapi.json", openapi.document, "openapi", Rule.PUBLIC),
    Route("GET", ".well-known/smart-configuration", smart.configuration, "smart-configuration", Rule.PUBLIC),
    Route("GET", "{type}/{id}", audit_event.read, "read", types=_on("AuditEvent")),
    Route("GET", "{type}/{id}", read.read, "read"),
    Route("GET", "{type}/{id}/_history/{vid}", vread.vread, "vread"),
    Route("GET", "{type}/{id}/_history", history.instance, "history-instance"),
    Route("GET", "{type}/_history", history.type_level, "history-type"),
    Route("GET", "_history", history.system, "history-system"),
    Route("POST", "{type}", create.create, "create"),
    Route("PUT", "{type}/{id}", update.update, "update"),
    Route("PUT", "{type}", update.update_where, "update"),
    Route("PATCH", "{type}/{id}", patch.patch, "patch"),
    Route("PATCH", "{type}", patch.patch_where, "patch"),
    Route("DELETE", "{type}/{id}", delete.delete, "delete"),
    Route("DELETE", "{type}", delete.delete_where, "delete"),
    Route("GET", "{type}", audit_event.search, "search-type", types=_on("AuditEvent")),
    Route("POST", "{type}/_search", audit_event.search, "search-type", types=_on("AuditEvent")),
    Route("GET", "{type}", search.search_type, "search-type"),
    Route("POST", "{type}/_search", search.search_type, "search-type"),
    Route("GET", "", search.search_system, "search-system"),
    Route("POST", "_search", search.search_system, "search-system"),
    Route("GET", "{type}/{id}/{type}", compartment.search, "search-compartment"),
    Route("POST", "{type}/{id}/{type}/_search", compartment.search, "search-compartment"),
    Route("POST", "", batch.bundle, "transaction"),
    Route("POST", "$process-message", message.process, "$process-message"),
    Route("GET", "{type}/{id}/$everything", everything.everything, "$everything", types=_on("Patient", "Encounter")),
    Route("POST", "{type}/{id}/$everything", everything.everything, "$everything", types=_on("Patient", "Encounter")),
    Route("GET", "{type}/$everything", everything.everything_of_all, "$everything", types=_on("Patient")),
    Route("POST", "{type}/$everything", everything.everything_of_all, "$everything", types=_on("Patient")),
    *(Route(method, "$export", bulk.system, "$export") for method in ("GET", "POST")),
    *(Route(method, "{type}/$export", bulk.patients, "$export", types=_on("Patient")) for method in ("GET", "POST")),
    *(Route(method, "{type}/{id}/$export", bulk.group, "$export", types=_on("Group")) for method in ("GET", "POST")),
    Route("GET", "$export-status/{id}", bulk.status, "$export-status"),
    Route("DELETE", "$export-status/{id}", bulk.cancel, "$export-status"),
    Route("GET", "$export-file/{id}/{type}/{vid}", bulk.file, "$export-file"),
    Route("GET", "{type}/{id}/$events", subscriptions.events, "$events", types=_on("Subscription")),
    Route("POST", "{type}/{id}/$events", subscriptions.events, "$events", types=_on("Subscription")),
    Route("GET", "{type}/{id}/$status", subscription_status.instance, "$status", types=_on("Subscription")),
    Route("POST", "{type}/{id}/$status", subscription_status.instance, "$status", types=_on("Subscription")),
    Route("GET", "{type}/$status", subscription_status.type_level, "$status", types=_on("Subscription")),
    Route("POST", "{type}/$status", subscription_status.type_level, "$status", types=_on("Subscription")),
    Route("POST", "{type}/$validate", validate.validate, "$validate"),
    Route("POST", "{type}/{id}/$validate", validate.validate_instance, "$validate"),
    Route("GET", "{type}/{id}/$validate", validate.validate_instance, "$validate"),
    Route("GET", "{type}/$lastn", lastn.lastn, "$lastn", types=_on("Observation")),
    Route("POST", "{type}/$lastn", lastn.lastn, "$lastn", types=_on("Observation")),
    Route("GET", "{type}/{id}/$meta", meta.meta, "$meta"),
    Route("POST", "{type}/{id}/$meta", meta.meta, "$meta"),
    Route("GET", "{type}/$meta", meta.meta_of_type, "$meta"),
    Route("POST", "{type}/$meta", meta.meta_of_type, "$meta"),
    Route("GET", "$meta", meta.meta_of_all, "$meta"),
    Route("POST", "$meta", meta.meta_of_all, "$meta"),
    Route("POST", "{type}/{id}/$meta-add", meta.add, "$meta-add"),
    Route("POST", "{type}/{id}/$meta-delete", meta.remove, "$meta-delete"),
    Route("GET", "{type}/$expand", expand.expand, "$expand", types=_on("ValueSet")),
    Route("POST", "{type}/$expand", expand.expand, "$expand", types=_on("ValueSet")),
    Route("GET", "{type}/{id}/$expand", expand.expand_instance, "$expand", types=_on("ValueSet")),
    Route("GET", "{type}/$lookup", lookup.lookup, "$lookup", types=_on("CodeSystem")),
    Route("POST", "{type}/$lookup", lookup.lookup, "$lookup", types=_on("CodeSystem")),
    Route("GET", "{type}/$subsumes", lookup.subsumes, "$subsumes", types=_on("CodeSystem")),
    Route("POST", "{type}/$subsumes", lookup.subsumes, "$subsumes", types=_on("CodeSystem")),
    Route("GET", "{type}/$validate-code", validate_code.type_level, "$validate-code", types=_CODED),
    Route("POST", "{type}/$validate-code", validate_code.type_level, "$validate-code", types=_CODED),
    Route("GET", "{type}/{id}/$validate-code", validate_code.instance, "$validate-code", types=_CODED),
    Route("POST", "{type}/{id}/$validate-code", validate_code.instance, "$validate-code", types=_CODED),
)
