"""Translations (.po) -> what gettext reads at run time (.mo)."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from build_tools.failure import BuildFailure


def compile_translations(locale: Path) -> list[Path]:
    """Compile ``locale/<language>/LC_MESSAGES/<area>.po``, each beside itself; answers the files written."""
    return [_compile(it) for it in sorted(locale.glob("*/LC_MESSAGES/*.po"))]


def _compile(source: Path) -> Path:
    target = source.with_suffix(".mo")
    try:
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3], domain=source.stem, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError) as error:
        raise BuildFailure(f"{source} cannot be read: {error}.") from None
    with target.open("wb") as file:
        write_mo(file, catalogue)
    return target
