"""FHIRPath 2.0.0 (Normative Release 1) for FHIR R4, on plain JSON.

``compile("Observation.value as Quantity").typed(resource)`` gives ``[("Quantity", {...})]``.
"""

from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.nodes import Node
from doorstep.kernel.fhirpath.program import Program, compile

__all__ = ["FhirPathError", "Node", "Program", "compile"]
