"""Given translations, when the package is built, then gettext reads them, and a broken file stops the build."""

from gettext import GNUTranslations
from pathlib import Path

import pytest

from build_tools.failure import BuildFailure
from build_tools.translations import compile_translations

PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "area.some-key"\nmsgstr "{count} 个错误"\n'


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    return folder


def test_a_translation_is_compiled_beside_its_source(messages: Path, tmp_path: Path) -> None:
    (messages / "area.po").write_text(PO, encoding="utf-8")
    assert compile_translations(tmp_path) == [messages / "area.mo"]
    with (messages / "area.mo").open("rb") as file:
        assert GNUTranslations(file).gettext("area.some-key") == "{count} 个错误"


def test_a_broken_translation_stops_the_build_by_name(messages: Path, tmp_path: Path) -> None:
    (messages / "area.po").write_text(PO + "and so on", encoding="utf-8")
    with pytest.raises(BuildFailure, match=r"area\.po cannot be read"):
        compile_translations(tmp_path)
