"""The one refusal of this package."""

from __future__ import annotations

from doorstep.kernel.errors import BadRequest


class FhirPathError(BadRequest):
    """An expression that cannot be read, means nothing on these operands, or would cost more than the limits."""
