"""What hatchling runs before it packs a wheel or an editable install: definitions and translations are compiled."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent


class Hook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        with _Path():
            from build_tools.package import kept_copy, npm, read_lock

            kept = kept_copy(read_lock(ROOT / "definitions.lock")).exists()
        # Two hundred megabytes, so asked for only when the definitions must be fetched and nothing can fetch them.
        return [] if kept or npm() else [self._project()["tool"]["doorstep"]["node"]]

    def _project(self) -> dict[str, Any]:
        return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        with _Path():
            from build_tools.failure import BuildFailure
            from build_tools.tables import ensure_tables
            from build_tools.translations import compile_translations

            try:
                ensure_tables()
                compile_translations(ROOT / "src" / "doorstep" / "locale")
            except BuildFailure as failure:
                self.app.abort(str(failure))


class _Path:
    """The compiler and the loader are importable while the hook works."""

    added = [str(ROOT), str(ROOT / "src")]

    def __enter__(self) -> None:
        sys.path[:0] = self.added

    def __exit__(self, *_: object) -> None:
        for path in self.added:
            sys.path.remove(path)
