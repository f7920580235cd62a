"""What people write as plain lines, kept as the standard's narrative (R4 Narrative), and back."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Any, Final

XHTML: Final = "http://www.w3.org/1999/xhtml"
_TAG: Final = re.compile(r"<[^>]*>")


def of_text(text: str) -> dict[str, Any]:
    """Lines as paragraphs."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return {
        "status": "generated",
        "div": f'<div xmlns="{XHTML}">{"".join(f"<p>{escape(each)}</p>" for each in lines)}</div>',
    }


def text_of(narrative: dict[str, Any]) -> str:
    """Paragraphs as lines; whoever else wrote it, without its marks."""
    div = str(narrative.get("div", "")).replace("</p>", "\n").replace("<br/>", "\n")
    return unescape(_TAG.sub("", div)).strip()
