"""Given a district with second entries, when everybody is compared, then certain ones are linked and doubtful ones asked."""

import json

import pytest

from bench.linkage_people import people
from doorstep.cli import main
from doorstep.journeys.linking import link_everybody
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import NotSupported
from doorstep.kernel.store import Store
from doorstep.linkage import model, rows, score
from doorstep.linkage.decide import decide
from doorstep.workflows import duplicates, merge
from tests.district import who
from tests.workflows.test_duplicates import REGISTRAR, waiting


def loaded(store: Store, id_: str, **other: object) -> str:
    """An entry of another system's, loaded without the desk's gate."""
    with store.snapshot(SYSTEM) as reads:
        copy = reads.read("Patient", who().id)
    made = {name: value for name, value in {**copy, "id": id_, **other}.items() if value is not None}
    store.run(SYSTEM, lambda tx: tx.update(made))
    return f"Patient/{id_}"


def entry(store: Store, reference: str) -> dict:
    with store.snapshot(SYSTEM) as reads:
        return reads.read("Patient", reference.removeprefix("Patient/"))


def test_a_batch_links_the_certain_and_asks_about_the_doubtful(district: Store) -> None:
    same = loaded(district, "same")
    typed = loaded(district, "typed", identifier=None, address=None)
    first = link_everybody(district)
    assert (first.linked, first.asked) == (1, 1)
    assert merge.replacement(entry(district, same)) == f"Patient/{who().id}"
    (task,) = waiting(district)
    assert set(duplicates.entries_of(task)) == {f"Patient/{who().id}", typed}
    again = link_everybody(district)
    assert (again.linked, again.asked) == (0, 0)


def test_only_looking_changes_nothing(district: Store) -> None:
    same = loaded(district, "same")
    assert link_everybody(district, only_look=True).linked == 1
    assert entry(district, same)["active"] is True
    assert waiting(district, REGISTRAR) == []


def test_the_verb_says_what_it_did(district_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert main(["link", "--only-look", "--database", district_url]) == 0
    assert "8 entries compared: 0 certain pairs" in capsys.readouterr().out


def test_planted_errors_are_found_and_nobody_is_linked_wrongly() -> None:
    made = people(2000)
    found = decide(score.score(rows.table(made.entries)), {each.id: each for each in made.entries})
    true = {tuple(sorted(pair)) for pair in made.true}
    certain = {tuple(sorted((each.left, each.right))) for each in found.certain}
    asked = certain | {tuple(sorted((each.left, each.right))) for each in found.doubtful}
    assert certain <= true
    assert len(asked & true) / len(true) > 0.95
    assert len(asked & true) / len(asked) > 0.95


def test_without_judging_the_fields_twins_would_be_asked_about() -> None:
    """The control: the score alone takes twins for one person."""
    made = people(2000)
    scored = {tuple(sorted((each.left, each.right))) for each in score.score(rows.table(made.entries))}
    asked = {tuple(sorted((each.left, each.right)))
             for each in decide(score.score(rows.table(made.entries)), {each.id: each for each in made.entries}).doubtful}
    twins = {pair for pair in scored if any(id_.startswith("t") for id_ in pair)}
    assert len(twins & asked) < len(twins) / 4


def test_the_model_is_what_its_levels_and_rules_say_and_names_no_engines_function() -> None:
    saved = model.trained()
    assert [rule["blocking_rule"] for rule in saved["blocking_rules_to_generate_predictions"]] == list(model.RULES)
    conditions = [[level["sql_condition"] for level in each["comparison_levels"]] for each in saved["comparisons"]]
    assert conditions == [[level["sql_condition"] for level in each["comparison_levels"]] for each in model.settings()["comparisons"]]
    assert model.trained("spark")["sql_dialect"] == "spark"
    assert not {"damerau", "jaro", "jaccard", "regexp"} & set(json.dumps(saved).replace("_", " ").split())


def test_without_the_extra_the_verb_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "splink", None)
    with pytest.raises(NotSupported) as refused:
        score.score(rows.table(people(3).entries))
    assert refused.value.key == "persons.linkage-missing"
