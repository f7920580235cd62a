"""Given a form that is previewed, when the browser prints it, then the paper holds what the preview showed, in its order and whole."""

from __future__ import annotations

import io
import unicodedata
from typing import Any

import pytest
from pypdf import PdfReader

from doorstep.demo.people import actor
from doorstep.journeys import ordering
from doorstep.journeys.ordering import Line
from doorstep.kernel.access import SYSTEM
from doorstep.workflows import visit
from doorstep.workflows.coordination import boxes
from tests.journeys.acting import MARKS, Journey, Seat

A4, A5, LABEL, ROLL = (595.3, 841.9), (595.3, 419.5), (141.7, 85.0), (226.8, 396.9)
PREVIEWED = """() => [...document.querySelectorAll('.paper-sheet')].map(sheet => {
    const kept = [], walk = document.createTreeWalker(sheet, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const inside = walk.currentNode.parentElement;
        if (!inside.closest('.screen-only, .quiet, style, script, title') && inside.getClientRects().length) { kept.push(walk.currentNode.data); }
    }
    return kept.join('');
})"""
CUT = """() => [...document.querySelectorAll('.paper-sheet, .paper-sheet *')].filter(each => {
    const style = getComputedStyle(each);
    const hides = style.overflowX !== 'visible' || style.overflowY !== 'visible';
    return hides && !each.closest('svg, .quiet') && (each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1);
}).map(each => each.outerHTML.slice(0, 120))"""


def bare(text: str) -> str:
    """Characters alone: a font names some of them by their compatible forms, and lines break elsewhere."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def printed(seat: Seat) -> tuple[list[tuple[float, float]], str, list[str]]:
    """Sizes of the pages, their text in order, and every piece of text that begins beyond its page."""
    reader = PdfReader(io.BytesIO(seat.page.pdf(prefer_css_page_size=True)))
    texts, beyond = [], []
    for page in reader.pages:
        def look(text: str, cm: Any, tm: Any, font: Any, size: float, page: Any = page) -> None:
            x, y = tm[4] * cm[0] + tm[5] * cm[2] + cm[4], tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
            if text.strip() and not (-1 <= x <= float(page.mediabox.width) and -1 <= y <= float(page.mediabox.height)):
                beyond.append(text)

        texts.append(page.extract_text(visitor_text=look))
    sizes = [(float(page.mediabox.width), float(page.mediabox.height)) for page in reader.pages]
    return sizes, "".join(texts), beyond


@pytest.fixture
def forms(journey: Journey) -> list[tuple[str, str, tuple[float, float]]]:
    """(who, address, size) of the official forms and of what residents take home."""
    doctor, about = actor("zhangmin"), f"Patient/{journey.who().id}"
    opened = journey.store.run(doctor, visit.open_visit, resident=about, complaint="胸痛", presence="identity")
    journey.store.run(doctor, ordering.sign, encounter=opened.id, lines=[Line("CBC"), Line("LYTE")])
    with journey.store.snapshot(SYSTEM, audited=False) as reads:
        def one(type_name: str, *asked: tuple[str, str]) -> str:
            return str(next(each["id"] for each in reads.search(type_name, [*asked, ("_sort", "-_lastUpdated")])))

        back = one("Task", ("code", "referral"), ("business-status", "returned"))
        plan = boxes(reads.read("Task", back)["output"])["plan"].partition("/")[2]
        report = next(str(each["id"]) for each in reads.search("DiagnosticReport", [("patient", about)]) if each.get("result"))
    return [
        ("chenzhiyuan", f"/p/referral/{back}/", A4), ("chenzhiyuan", f"/p/referral/{back}/consent/", A4),
        ("chenzhiyuan", f"/p/plan/{plan}/", A4), ("zhangmin", f"/p/report/{report}/", A5),
        ("zhangmin", f"/p/labels/{opened.id}/", LABEL), ("zhangmin", f"/p/visit/{opened.id}/slip/", ROLL),
        ("wangfang", "/desk/downtime/list/", A4),
    ]  # fmt: skip


def test_each_form_prints_what_it_previews(journey: Journey, forms: list[tuple[str, str, tuple[float, float]]]) -> None:
    seats: dict[str, Seat] = {}
    wrong: list[object] = []
    for who, address, size in forms:
        seat = seats.setdefault(who, journey.seat(who))
        seat.go(address)
        previewed = [bare(str(each)) for each in seat.page.evaluate(PREVIEWED)]
        cut = seat.page.evaluate(CUT)
        sizes, text, beyond = printed(seat)
        shown, paper = "".join(previewed), bare(text)
        for mark in map(bare, MARKS):  # printed over the sheet, last
            shown, paper = shown.replace(mark, ""), paper.replace(mark, "")
        if not shown or not same(shown, paper):
            wrong.append((address, shown, paper))
        wrong += [(address, each) for each in (*cut, *beyond)]
        wrong += [(address, each) for each in sizes if abs(each[0] - size[0]) > 1 or abs(each[1] - size[1]) > 1]
    english = journey.seat("zhangmin", locale="en-GB")
    for address in (address for _, address, size in forms if size in (LABEL, ROLL)):
        english.go(address)
        wrong += [(address, "in English", each) for each in english.page.evaluate(CUT)]
    assert wrong == []


def same(previewed: str, paper: str) -> bool:
    """Character by character; a font may have named one by another form of it (a radical, a dash)."""
    return len(previewed) == len(paper) and all(a == b or form(b) for a, b in zip(previewed, paper, strict=True))


def form(character: str) -> bool:
    return "\u2e80" <= character <= "\u2fdf" or "\u3400" <= character <= "\u4dbf" or unicodedata.category(character) == "Pd"


def test_the_trial_sees_what_paper_leaves_out() -> None:
    assert same("居民3–5", "居⺠3‒5")
    assert not same("血钾 6.8", "血钾 6.3") and not same("血钾", "血") and not same("血钾", "钾血")

