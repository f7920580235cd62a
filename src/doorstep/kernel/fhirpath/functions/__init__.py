"""The functions of FHIRPath and R4's additions; importing this package fills the registry."""

from doorstep.kernel.fhirpath.functions import (
    aggregates,
    boundaries,
    conversions,
    encoding,
    existence,
    fhir,
    filtering,
    mathematics,
    strings,
    subsets,
    terminology,
    tree,
    utility,
)

LOADED = (
    aggregates,
    boundaries,
    conversions,
    encoding,
    existence,
    fhir,
    filtering,
    mathematics,
    strings,
    subsets,
    terminology,
    tree,
    utility,
)
