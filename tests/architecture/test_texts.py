"""Given message keys in code, when a person reads a refusal, then both languages have its sentence, and code has none."""

import ast

from tests.architecture.source import below, name
from tests.architecture.texts import (
    KEY,
    LANGUAGES,
    chinese,
    literals,
    package_code,
    places,
    refusal_texts,
    sentences,
)

# Files whose Chinese is data, not a message: what it is.
CHINESE_DATA: dict[str, str] = {
    "src/doorstep/kernel/names.py": "which characters are Chinese",
}


def test_every_refusal_is_made_with_a_key() -> None:
    assert [(where, text) for where, text in refusal_texts(package_code()) if not KEY.match(text)] == []


def test_every_key_of_a_refusal_has_a_sentence_in_both_languages() -> None:
    used = {text for _, text in refusal_texts(package_code()) if KEY.match(text)}
    assert {language: sorted(used - sentences(language).keys()) for language in LANGUAGES} == {"en": [], "zh_Hans": []}


def test_both_languages_say_the_same_things_with_the_same_places() -> None:
    english, chinese_ = (sentences(language) for language in LANGUAGES)
    assert sorted(english.keys() ^ chinese_.keys()) == []
    assert [key for key in english if places(english[key]) != places(chinese_[key])] == []
    assert [key for key, text in [*english.items(), *chinese_.items()] if not text.strip()] == []


def test_every_chinese_sentence_is_chinese_and_every_english_one_is_not() -> None:
    english, chinese_ = (sentences(language) for language in LANGUAGES)
    assert [key for key, text in english.items() if chinese(text)] == []
    assert [key for key, text in chinese_.items() if not chinese(text)] == []


def test_no_sentence_is_left_that_nothing_says() -> None:
    pages = below("src/doorstep", suffixes=(".py", ".html", ".js"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in pages)
    assert [key for key in sentences("en") if key not in text] == []


def test_chinese_stands_in_code_only_where_it_is_data() -> None:
    found = {where.partition(":")[0] for where, text in literals(package_code()) if chinese(text)}
    assert sorted(found - CHINESE_DATA.keys()) == []
    assert sorted(CHINESE_DATA.keys() - found) == []


def test_templates_hold_keys_and_no_sentences() -> None:
    templates = below("src/doorstep", suffixes=(".html",))
    assert [name(path) for path in templates if chinese(path.read_text(encoding="utf-8"))] == []


def test_the_reader_sees_a_bare_sentence_and_a_key() -> None:
    source = ast.parse('raise Invalid("Unknown element")\nraise errors.Conflict("tx.stale", id=1)\nIssue("error", "code", "a.b-c")')
    calls = [node for node in ast.walk(source) if isinstance(node, ast.Call)]
    texts = [ast.literal_eval(call.args[min(2, len(call.args) - 1)]) for call in calls]
    assert [bool(KEY.match(text)) for text in sorted(texts)] == [False, True, True]


def test_places_are_read_from_a_sentence() -> None:
    assert places("{element}: at most {limit:d}, not {size}") == {"element", "limit", "size"}
