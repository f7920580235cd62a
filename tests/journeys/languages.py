"""Whether a page speaks the language it says: no text of the other catalogue, no key without its text."""

from __future__ import annotations

import re
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from playwright.sync_api import Page

import doorstep

CHINESE, ENGLISH = "zh_Hans", "en"
_KEY = re.compile(r"(?:^|\s)(?:%s)\.[a-z]+(?:-[a-z]+)*(?:$|\s)|\{[a-z_]+\}")
_NODES = """() => {
    const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const text = walk.currentNode.data.trim();
        if (text && !walk.currentNode.parentElement.closest('script, style, [lang]')) { found.push(text); }
    }
    return found;
}"""
_OWN = 4
"""A text as long as this is a sentence or label of ours when it stands in the other catalogue."""


@cache
def texts(language: str) -> frozenset[str]:
    """Everything that our pages say in a language, without what has places to fill in."""
    found: set[str] = set()
    for file in _files(language):
        with file.open("rb") as opened:
            found |= {str(text).strip() for key, text in GNUTranslations(opened)._catalog.items() if key}  # type: ignore[attr-defined]
    return frozenset(each for each in found if len(each) >= _OWN and "{" not in each)


@cache
def _files(language: str) -> tuple[Path, ...]:
    return tuple(sorted((Path(doorstep.__file__).parent / "locale" / language / "LC_MESSAGES").glob("*.mo")))


@cache
def _keys() -> re.Pattern[str]:
    return re.compile(_KEY.pattern % "|".join(file.stem for file in _files(ENGLISH)))


def wrong(page: Page) -> list[str]:
    """What stands on a page and should not, in the language that the page says it speaks."""
    language = ENGLISH if page.get_attribute("html", "lang") == "en" else CHINESE
    other = CHINESE if language == ENGLISH else ENGLISH
    nodes = [str(each) for each in page.evaluate(_NODES)]
    foreign = (texts(other) - texts(language)).intersection(nodes)
    return [*(f"in another language: {each}" for each in sorted(foreign)),
            *(f"without its text: {each}" for each in nodes if _keys().search(each))]
