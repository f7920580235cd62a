"""Given the components, when they are shown with anything in them, then they say it in words, as text, within bounds."""

from __future__ import annotations

import gzip
import re
import urllib.error
import urllib.parse
import urllib.request
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from doorstep.demo.browser import Browser
from doorstep.terms.catalogue import Concept
from doorstep.web import charts
from doorstep.web.acts import Box
from doorstep.web.alarms import Alarm
from doorstep.web.listing import Choice
from doorstep.web.lists import Clock, Lock, Row
from doorstep.web.record import Banner, Episode, Line, Report, Value
from doorstep.workflows.identity import Card
from doorstep.workflows.registry import TABLES
from tests.architecture.source import ROOT
from tests.district import opened, ordered, sent, who
from tests.web.conftest import Site

WEB = ROOT / "src" / "doorstep" / "web"
PARTS = {path.stem for path in (WEB / "templates" / "parts").glob("*.html")}
EVIL = "<img src=x onerror=alert(1)>\"'&</textarea></script>{{7*7}}"
AT = "2026-11-22T09:10:00+08:00"
PAGE_PARTS = {
    "about_critical",
    "about_escalation",
    "about_order",
    "about_plan",
    "about_plain",
    "about_referral",
    "emergency",
    "found",
    "plan_rows",
    "row",
    "preview",
    "again",
}
"""Parts of one page, which their own pages' tests show."""


@pytest.fixture
def district_url(district_on_sqlite, tmp_path) -> str:
    """What is shown does not depend on the engine: SQLite alone."""
    import shutil

    shutil.copy(district_on_sqlite, tmp_path / "doorstep.db")
    return f"sqlite:///{tmp_path}"


@pytest.fixture(params=["zh-hans", "en"])
def language(request: pytest.FixtureRequest, accounts: Path) -> Any:
    with translation.override(request.param):
        yield request.param


def included(name: str, seen: set[str]) -> set[str]:
    """Every template that one template takes in, and what those take in."""
    if name in seen:
        return seen
    seen.add(name)
    for inner in re.findall(r'{% (?:include|extends) "([^"]+)"', (WEB / "templates" / name).read_text("utf-8")):
        included(inner, seen)
    return seen


def test_every_part_is_shown_on_the_page_of_components() -> None:
    shown = set().union(
        *(included(f"style/{path.name}", set()) for path in (WEB / "templates" / "style").glob("*.html"))
    )
    shown |= included("style.html", set())
    assert sorted(PARTS - PAGE_PARTS - {Path(each).stem for each in shown if each.startswith("parts/")}) == []
    assert sorted(PAGE_PARTS - PARTS - {"again"}) == []


def test_every_part_is_documented_with_its_parameters() -> None:
    told = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "components.md").read_text("utf-8")))
    assert sorted(PARTS - PAGE_PARTS - told) == []


def person() -> Card:
    return Card("x", EVIL, "male", date(1959, 4, 8), EVIL)


def row() -> Row:
    table = TABLES["referral"]
    return Row("x", "1", table, table.state("sent"), "info", EVIL, "stat", Clock(12, True, "late", AT, 3), person(), EVIL,
               EVIL, "", AT, holder=EVIL, lock=Lock(EVIL, 2), same_name=True)  # fmt: skip


VALUE = Value({"text": EVIL}, EVIL, EVIL, "H", EVIL, AT)
BOXES = [
    Box(kind, "web.name", kind, True, choices=(Concept("", EVIL, EVIL, EVIL),))
    for kind in ("line", "area", "reason", "date")
]
LOADED: dict[str, dict[str, Any]] = {
    "alarms": {"alarms": [Alarm(EVIL, "stat", EVIL, EVIL, "/t/x/", None)]},
    "banner": {"acting_for": EVIL, "banner": Banner(person(), EVIL, EVIL, EVIL, ({"code": {"text": EVIL}},), risks=(EVIL,),
                                                    team=EVIL, payer=EVIL, same_name=True)},
    "cards": {"cards": [{"address": EVIL, "title": EVIL, "text": EVIL, "note": EVIL}]},
    "confirm": {"label": "web.name", "action": EVIL, "text": EVIL, "note": EVIL, "id": "c", "choices": BOXES[0].choices},
    "empty": {"why": EVIL, "next": EVIL, "address": EVIL},
    "evidence": {"caption": EVIL, "left": EVIL, "right": EVIL, "pairs": [{"label": "web.name", "left": EVIL, "right": EVIL}]},
    "flags": {"flags": [EVIL]},
    "help_line": {"help_phone": EVIL},
    "line": {"name": "n", "label": "web.name", "prefix": "p-", "active": "a", "failed": "a", "given": {"n": EVIL}, "errors": {"n": EVIL}},
    "lookup": {"id": "l", "name": "n", "label": "web.name", "source": EVIL, "value": EVIL, "text": EVIL, "error": EVIL},
    "note": {"text": EVIL, "address": EVIL, "link": EVIL},
    "options": {"list": EVIL, "options": [{"value": EVIL, "text": EVIL, "more": EVIL}]},
    "origin": {"origin": EVIL, "foreign": True},
    "preview": {"row": row(), "facts": [("web.name", EVIL)], "address": EVIL},
    "rail": {"problems": [{"code": {"text": EVIL}}], "medicines": [{"medicationCodeableConcept": {"text": EVIL}}],
             "signs": [(AT, [VALUE])], "banner": Banner(person(), "", "", "", ({"code": {"text": EVIL}},))},
    "reasons": {"id": "r", "name": EVIL, "label": "web.name", "choices": BOXES[0].choices, "error": EVIL},
    "report": {"report": Report(EVIL, {"text": EVIL}, AT, EVIL, EVIL, (VALUE,))},
    "rows": {"rows": [row()], "caption": EVIL, "from": "mine"},
    "scan": {"id": "s", "label": "web.name", "action": EVIL, "form": EVIL, "error": EVIL},
    "summary": {"errors": {EVIL: EVIL}, "prefix": EVIL},
    "tabs": {"caption": EVIL, "tabs": [Choice("web.name", EVIL, True)]},
    "tiles": {"tiles": [Choice("web.name", EVIL, True, 1, "late")]},
    "timeline": {"caption": EVIL, "episodes": [Episode(AT, EVIL, EVIL, True, EVIL, (Line("web.reports", EVIL, "z", True, EVIL),))]},
    "chart": {"title": EVIL, "subtitle": EVIL, "chart": charts.bars([(EVIL, 3, 1)], first=EVIL, second=EVIL)},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(LOADED))
def test_hostile_names_and_texts_are_shown_as_text_in_every_part(name: str, accounts: Path) -> None:
    text = render_to_string(f"parts/{name}.html", LOADED[name])
    assert (
        "<img" not in text and "</script>" not in text and "{{7*7}}" in text and "49" not in text.replace("{{7*7}}", "")
    )
    assert "onerror=alert(1)" in text
    assert re.findall(r'<[^>"]*"[^"]*"[^>"]*<', text) == []


@pytest.mark.parametrize("box", BOXES, ids=lambda box: box.kind)
def test_hostile_texts_are_shown_as_text_in_every_box(box: Box, accounts: Path) -> None:
    text = render_to_string(
        "parts/box.html", {"box": box, "prefix": "p-", "given": {box.name: EVIL}, "errors": {box.name: EVIL}}
    )
    assert "<img" not in text and text.count("</textarea>") == (box.kind == "area")


def test_the_test_of_hostile_texts_sees_one_that_is_let_through(accounts: Path) -> None:
    from django.utils.safestring import mark_safe

    assert "<img" in render_to_string("parts/note.html", {"text": mark_safe(EVIL)})


@pytest.mark.usefixtures("language")
def test_what_is_unknown_is_said_in_words() -> None:
    bare = Banner(Card("x", "X", "unknown", None, ""), "", "", "", None)
    text = render_to_string("parts/banner.html", {"banner": bare})
    assert re.findall(r"<dd[^>]*>\s*(?:—|-)?\s*</dd>", text) == []
    assert text.count("<dt>") == 9


@pytest.mark.usefixtures("language")
@pytest.mark.parametrize(
    ("minutes", "late", "number"), [(8, False, "8"), (119, True, "119"), (240, False, "4"), (5760, True, "4")]
)
def test_a_clock_says_its_time_in_words_and_in_the_largest_unit(minutes: int, late: bool, number: str) -> None:
    text = render_to_string("parts/clock.html", {"clock": Clock(minutes, late, "warn", AT, 10)})
    shown = re.sub("<[^>]+>", "", text).strip()
    assert number in shown and len(shown) > len(number)
    assert f'data-due="{AT}"' in text


@pytest.mark.usefixtures("language")
def test_a_status_and_a_flag_have_a_word_besides_their_colour() -> None:
    status = render_to_string("parts/status.html", {"tone": "warn", "label": "workflows.referral-sent"})
    flags = render_to_string("parts/flags.html", {"flags": ["critical", "green", "late", "same-name"]})
    assert re.sub("<[^>]+>", "", status).strip()
    assert all(re.sub("<[^>]+>", "", flag).strip() for flag in flags.split("</span>")[:-1])


def test_a_wrong_box_has_its_sentence_beside_it_and_in_the_summary(accounts: Path) -> None:
    given = {"box": Box("age", "web.age"), "prefix": "p-", "errors": {"age": "no"}, "given": {"age": "x"}}
    box, summary = render_to_string("parts/box.html", given), render_to_string("parts/summary.html", given)
    assert 'aria-invalid="true" aria-describedby="p-age-wrong"' in box
    assert 'href="#p-age"' in summary and 'id="p-age"' in box


POINTS = [(date(2026, 1, 1), Decimal("88")), (date(2026, 3, 1), Decimal("110.50"))]


@pytest.mark.usefixtures("language")
@pytest.mark.parametrize("chart", [
    lambda: charts.trend(POINTS, unit="g", low=Decimal(57), high=Decimal(97), changes=[date(2026, 2, 1)]),
    lambda: charts.bars([("a", 3, 1), ("b", 0, 0)], first="up", second="down"),
    lambda: charts.dots([("a", 1.5, 4.0, 61), ("b", 9.5, 12.0, 3)]),
    lambda: charts.funnel([("a", 100), ("b", 0), ("c", 0)]),
    lambda: charts.heat([("a", (1, 2)), ("b", (0, 4))], ("x", "y")),
])  # fmt: skip
def test_every_picture_has_its_numbers_as_a_table_and_in_words(chart: Any) -> None:
    drawn = chart()
    assert drawn.words and drawn.table and len(drawn.heads) == len(drawn.table[0])
    text = render_to_string("parts/chart.html", {"chart": drawn, "title": "t"})
    assert 'role="img"' in text and "<table" in text and "style=" not in text
    inside = [shape for shape in drawn.shapes if shape.kind in ("rect", "dot")]
    assert all(0 <= shape.x <= drawn.width and 0 <= shape.y <= drawn.height for shape in inside)


def test_a_picture_of_nothing_or_of_one_value_is_drawn_all_the_same(accounts: Path) -> None:
    assert charts.trend([]).n == 0
    assert charts.trend(POINTS[:1]).n == 1
    for empty in (charts.bars([], first="a", second="b"), charts.dots([]), charts.funnel([]), charts.heat([], ())):
        assert empty.n == 0 and empty.table == ()


def test_an_amount_keeps_the_digits_it_was_written_with(accounts: Path) -> None:
    assert charts.trend(POINTS).table[1] == ("2026-03-01", "110.50")


# Bounds

MODERN = (r":has\(", r":where\(", r":is\(", r"@layer", r"@container", r"@scope", r"(?:margin|padding|inset|border)-(?:inline|block)",
          r"\binset:", r"^\s*&", r"\b\d*(?:dvh|svh|lvh)\b", r"\bcolor-mix\(", r"\baspect-ratio:", r"\btext-wrap:", r"\baccent\(")  # fmt: skip
NEW_SCRIPT = (r"\.at\(", r"structuredClone", r"\.replaceAll\(", r"\.findLast", r"Object\.hasOwn", r"\.showModal", r"\?\?=", r"\|\|=",
              r"&&=", r"\bimport\(", r"Array\.prototype\.group", r"\.toSorted", r"randomUUID", r"AbortSignal\.timeout", r"#\w+\s*[(;=]")  # fmt: skip


def unknown_to_old_engines(text: str, patterns: tuple[str, ...]) -> list[str]:
    return [found.group(0) for pattern in patterns for found in re.finditer(pattern, text, re.MULTILINE)]


@pytest.mark.parametrize("path", sorted((WEB / "static").glob("*.css")), ids=lambda path: path.name)
def test_style_sheets_hold_to_what_engines_of_2020_know(path: Path) -> None:
    assert unknown_to_old_engines(path.read_text("utf-8"), MODERN) == []


@pytest.mark.parametrize("path", sorted((WEB / "static").glob("*.js")), ids=lambda path: path.name)
def test_scripts_hold_to_what_engines_of_2020_know(path: Path) -> None:
    assert unknown_to_old_engines(re.sub(r'"[^"]*"', '""', path.read_text("utf-8")), NEW_SCRIPT) == []


def test_the_rule_for_old_engines_sees_what_they_do_not_know() -> None:
    assert unknown_to_old_engines("a:has(b) {}\n@layer x;\np { margin-inline: 1px }", MODERN) != []
    assert unknown_to_old_engines("x.at(-1); a ??= 1", NEW_SCRIPT) != []


def test_no_template_has_a_style_or_a_script_of_its_own() -> None:
    for path in (WEB / "templates").rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r'\sstyle="|\son\w+="|<script>|<style', text), path.name


def test_a_script_is_no_larger_than_fifteen_kilobytes() -> None:
    assert {
        path.name: size for path in (WEB / "static").glob("*.js") if (size := path.stat().st_size) > 15 * 1024
    } == {}


def weight(address: str, headers: dict[str, str]) -> tuple[int, str]:
    """Bytes as they travel, and the text."""
    asked = urllib.request.Request(address, headers={**headers, "Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked) as answer:
        sent_ = answer.read()
        packed = answer.headers.get("Content-Encoding") == "gzip"
    return len(sent_), (gzip.decompress(sent_) if packed else sent_).decode()


def test_a_page_of_the_workbench_travels_in_sixty_kilobytes(site: Site) -> None:
    encounter = opened(site.store)
    ordered(site.store, encounter)
    cookie = "; ".join(f"{name}={value}" for name, value in site.enter("zhangmin").cookies().items())
    for path in (f"/v/{encounter}/", "/w/mine/", f"/r/{who().id}/"):
        total, text = weight(site.base + path, {"Cookie": cookie})
        loaded = re.findall(r'(?:<script src|<link rel="[^"]+" href)="([^"]+)"', text)
        total += sum(weight(site.base + each, {})[0] for each in loaded)
        assert "/sign-in/factor/" not in text
        assert len(loaded) >= 4 and total <= 60 * 1024, (path, total)


# Lists


def many(site: Site, count: int) -> None:
    encounter = opened(site.store)
    for _ in range(count):
        ordered(site.store, encounter)


def test_a_list_is_turned_page_by_page_and_loses_no_row(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from doorstep.web import listing

    monkeypatch.setattr(listing, "PAGE", 2)
    many(site, 3)
    browser = site.enter("wanglei")
    first = browser.get("/w/orders/").text
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following is not None
    second = browser.get(following[1].replace("&amp;", "&")).text
    opened_rows = [re.findall(r'class="open" href="/t/([^/]+)/', text) for text in (first, second)]
    assert [len(rows) for rows in opened_rows] == [2, 1]
    assert len(set(opened_rows[0]) | set(opened_rows[1])) == 3
    assert re.search(r"<b>3</b>", first)


def test_a_wrong_page_of_a_list_is_refused_by_name(site: Site) -> None:
    browser = site.enter("wanglei")
    answers = {
        after: browser.get(f"/w/orders/?after={urllib.parse.quote(after)}").status
        for after in ("x", "1.2", "-1.5.x", f"1.{2**70}.x", "1.2.3'; DROP")
    }
    assert answers == {"x": 400, "1.2": 400, "-1.5.x": 400, f"1.{2**70}.x": 400, "1.2.3'; DROP": 200}


def test_a_list_filters_by_state_urgency_and_scope_and_says_so_when_nothing_is_left(site: Site) -> None:
    many(site, 1)
    browser = site.enter("wanglei")
    rows = {
        state: browser.get(f"/w/orders/?state={state}").text.count('class="open" href="/t/')
        for state in ("", "stat", "late", "order.ordered", "order.nothing", "x")
    }
    assert rows == {"": 1, "stat": 0, "late": 0, "order.ordered": 1, "order.nothing": 0, "x": 0}
    assert browser.get("/w/orders/?scope=mine").text.count('class="open" href="/t/') == 0
    assert browser.get("/w/orders/?scope=all").text.count('class="open" href="/t/') == 1
    assert '/w/orders/"' in browser.get("/w/orders/?state=stat").text


def test_a_list_as_a_spreadsheet_has_the_rows_of_the_filter_and_no_formulas(site: Site) -> None:
    from io import BytesIO

    from openpyxl import load_workbook

    from doorstep.web.spreadsheet import spreadsheet

    many(site, 2)
    cookie = "; ".join(f"{name}={value}" for name, value in site.enter("wanglei").cookies().items())
    asked = urllib.request.Request(f"{site.base}/w/orders/?format=xlsx", headers={"Cookie": cookie})
    with urllib.request.urlopen(asked) as answer:
        sheet = load_workbook(BytesIO(answer.read())).active
    assert [cell.value for cell in list(sheet.rows)[1]][3] == who().name
    assert sheet.max_row == 3
    evil = Row(**{**{name: getattr(row(), name) for name in Row.__slots__}, "item": "=1+1", "asking": "=HYPERLINK()"})
    sheet = load_workbook(BytesIO(spreadsheet("x", [evil]).content)).active
    assert {cell.data_type for line in sheet.rows for cell in line} <= {"s", "n"}


def test_a_preview_shows_the_row_and_nobody_elses(site: Site) -> None:
    id_ = sent(site.store, opened(site.store))
    assert who().name in site.enter("zhaoqian").get(f"/t/{id_}/preview/?list=referrals").text
    assert site.enter("hejing").get(f"/t/{id_}/preview/").status == 404


def test_after_the_last_act_the_next_row_of_the_list_opens(site: Site) -> None:
    encounter = opened(site.store)
    first, second = ordered(site.store, encounter, priority="urgent"), ordered(site.store, encounter)
    browser = site.enter("wanglei")
    page = browser.get(f"/t/{first}/?list=orders")
    results = {"result.14682-9": "80", "result.22664-7": "5", "result.14933-6": "300"}
    after = browser.submit(page, f"/t/{first}/report/", results)
    assert after.address == f"{site.base}/t/{second}/?list=orders"
    after = browser.submit(after, f"/t/{second}/report/", results)
    assert after.address == f"{site.base}/w/orders/"


# Look-ups


@pytest.mark.parametrize("typed", ["sgn", "SGN", "shengong", "%E8%82%BE%E5%8A%9F", "RFT"])
def test_a_test_is_found_by_initials_pinyin_characters_or_code(site: Site, typed: str) -> None:
    browser = site.enter("zhangmin")
    assert 'data-value="RFT"' in browser.get(f"/look/tests/?q={typed}&list=x").text
    assert "data-value" not in browser.get("/look/tests/?q=zzz").text
    assert browser.get("/look/nothing/?q=x").status == 404


def test_a_resident_is_found_by_name_and_tail_by_whoever_may_see_them_alone(site: Site) -> None:
    opened(site.store)
    doctor, stranger, person = site.enter("zhangmin"), site.enter("hejing"), who()
    asked = {
        "whole": person.name,
        "tail": f"{person.name} {person.number[-4:]}",
        "other": f"{person.name} 000x",
        "short": person.name[:1],
    }
    found = {
        name: f'data-value="{person.id}"' in doctor.get(f"/look/residents/?q={urllib.parse.quote(text)}").text
        for name, text in asked.items()
    }
    assert found == {"whole": True, "tail": True, "other": False, "short": False}
    assert "data-value" not in stranger.get(f"/look/residents/?q={urllib.parse.quote(person.name)}").text


# Alarms, views


def test_a_referral_without_delay_interrupts_its_receiver_until_it_is_answered(site: Site) -> None:
    id_ = sent(site.store, opened(site.store), priority="stat")
    office, other = site.enter("zhaoqian"), site.enter("wanglei")
    assert f'href="/referral/{id_}/" data-alarm-open' in office.get("/w/sent/").text
    assert "data-alarm=" not in other.get("/w/orders/").text
    office.submit(office.get(f"/t/{id_}/"), "/accept/", {"place": "x"})
    assert "data-alarm=" not in office.get("/w/sent/").text


def test_the_small_question_is_answered_304_while_nothing_changes(site: Site) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in site.enter("zhaoqian").cookies().items())

    def ask(tag: str) -> tuple[int, str]:
        asked = urllib.request.Request(
            f"{site.base}/now/?shown=", headers={"Cookie": cookie, "If-None-Match": tag, "HX-Request": "true"}
        )
        try:
            with urllib.request.urlopen(asked) as answer:
                return answer.status, answer.headers["ETag"]
        except urllib.error.HTTPError as told:
            return told.code, told.headers["ETag"]

    status, tag = ask("")
    assert status == 200
    assert ask(tag) == (304, tag)
    sent(site.store, opened(site.store), priority="stat")
    assert ask(tag)[0] == 200


def test_a_view_is_remembered_and_leads_back_to_the_page(site: Site) -> None:
    browser = Browser(site.base)
    page = browser.get("/sign-in/")
    assert "view-normal" in page.text
    again = browser.post_as(page, "/view/", {"view": "elder", "next": "/sign-in/?next=/w/mine/"})
    assert again.address == f"{site.base}/sign-in/?next=/w/mine/"
    assert "view-elder" in again.text and "elder.css" in again.text
    away = browser.post_as(page, "/view/", {"view": "nothing", "next": "https://elsewhere.example/"})
    assert away.address.startswith(site.base) and "view-normal" in away.text
