"""Given places on sequences, when they are searched by composites of three, then all three hold of one element."""

from __future__ import annotations

import pytest

from doorstep.kernel.index import extract
from tests.kernel.search.record import Record

CHROMOSOME = "http://terminology.hl7.org/CodeSystem/chromosome-human"


@pytest.fixture
def sequences(record: Record) -> Record:
    """One on chromosome 1 with two variants, one on chromosome 2 with a variant at the same place, one without an end."""
    for id_, chromosome, window, variants in (
        ("one", "1", (10, 99), [(20, 30), (40, 50)]), ("two", "2", (10, 99), [(20, 30)]), ("open", "1", (5, None), []),
    ):
        begin, end = window
        record.put({
            "resourceType": "MolecularSequence", "id": id_, "coordinateSystem": 0,
            "referenceSeq": {
                "chromosome": {"coding": [{"system": CHROMOSOME, "code": chromosome}]}, "windowStart": begin,
                "referenceSeqId": {"coding": [{"code": f"NC_{chromosome}"}]}, **({"windowEnd": end} if end else {}),
            },
            "variant": [{"start": start, "end": end} for start, end in variants],
        })  # fmt: skip
    return record


ASKED = [
    ("chromosome-variant-coordinate", "1$20$30", "one"),
    ("chromosome-variant-coordinate", f"{CHROMOSOME}|2$20$30", "two"),
    ("chromosome-variant-coordinate", "http://example.org|1$20$30", ""),
    ("chromosome-variant-coordinate", "1$20$50", ""),
    ("chromosome-variant-coordinate", "1$ge35$le60", "one"),
    ("chromosome-variant-coordinate", "1$lt25$gt45", ""),
    ("chromosome-variant-coordinate", "1$ne20$50,2$20$30", "one two"),
    ("chromosome-window-coordinate", "1$10$99", "one"),
    ("chromosome-window-coordinate", "1$ge1$lt100", "one"),
    ("chromosome-variant-coordinate:missing", "true", "open"),
    ("referenceseqid-variant-coordinate", "NC_2$gt15$lt35", "two"),
    ("referenceseqid-window-coordinate", "NC_1$10$99", "one"),
]


@pytest.mark.parametrize(("name", "value", "found"), ASKED)
def test_given_a_place_when_it_is_searched_then_those_that_have_it_in_one_element_are_found(
    sequences: Record, name: str, value: str, found: str
) -> None:
    assert sorted(sequences.ids("MolecularSequence", [(name, value)])) == found.split()


def test_given_an_end_that_is_missing_when_rows_are_made_then_there_is_none() -> None:
    rows = extract({"resourceType": "MolecularSequence", "referenceSeq": {"windowStart": 5, "chromosome": {"coding": [{"code": "1"}]}}})
    assert rows.composite == []
