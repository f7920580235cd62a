"""Expressions that R4 4.0.1 published and that cannot mean what they say, with what they mean.

``as(DateTime)`` and ``is Boolean`` name System types, which no node of a resource has; later releases corrected both.
"""

from __future__ import annotations

CORRECTED = {
    "value.as(DateTime) | value.as(Period)": "value.as(dateTime) | value.as(Period)",
    "operator = 'exists' implies (answer is Boolean)": "operator = 'exists' implies (answer is boolean)",
}
