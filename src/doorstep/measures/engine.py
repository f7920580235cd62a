"""DuckDB over the columnar files: the views as tables, loaded once a state, asked by many threads."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any, Final

import duckdb

from doorstep.kernel.errors import Unavailable
from doorstep.kernel.store import Store
from doorstep.measures import columnar
from doorstep.measures.columnar import State
from doorstep.measures.views import VIEWS

_log = logging.getLogger("doorstep.measures")
PATIENCE: Final = 10.0
"""Seconds that a page waits for the first frame of a record."""
LONG: Final = 2.0
"""Seconds of making a frame beyond which nobody waits for the next."""
_CONFIG: Final[dict[str, Any]] = {"threads": 2, "memory_limit": "1GB"}


class Frame:
    """The record as of one cut-off: rows by SQL over the views. No statement here can reach a file."""

    def __init__(self, folder: Path, state: State) -> None:
        self.state = state
        self.counted: dict[Any, Any] = {}
        """Numbers that were counted from this frame already, by whoever asks again and again."""
        self._base = duckdb.connect(config=_CONFIG)
        for view in VIEWS.values():
            files = state.files.get(view.name, [])
            columns = ", ".join(f'"{name}" {kind}' for name, kind in view.all_columns.items())
            self._base.execute(f"CREATE TABLE {view.name} ({columns})")
            if files:
                self._base.execute(f"INSERT INTO {view.name} {columnar.newest(folder, view, files)}")
        self._base.execute("SET enable_external_access = false")
        self._base.execute("SET lock_configuration = true")

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of one statement; ``$name`` stands for a value, and values that it does not name are left out."""
        bound = {name: value for name, value in values.items() if f"${name}" in sql}
        with self._base.cursor() as cursor:
            return cursor.execute(sql, bound).fetchall()


class Frames:
    """The newest frame of one record; made again when it is older than ``every`` seconds of the business clock.

    Where that takes long (a large record) the old frame answers, with its cut-off, while the new one is made beside it.
    Nobody waits longer than ``patience`` seconds for the first: Unavailable then says how far it is.
    """

    def __init__(self, store: Store, folder: Path, *, every: int = 60, patience: float = PATIENCE) -> None:
        self._store = store
        self._folder = folder
        self._every = every * 1_000_000
        self._patience = patience
        self._lock, self._starting = threading.Lock(), threading.Lock()
        self._frame: Frame | None = None
        self._took = 0.0
        self._making: threading.Thread | None = None
        self._failed: Exception | None = None
        self._read = 0

    def now(self, *, fresh: bool = False) -> Frame:
        """The frame to answer from; ``fresh`` reads what was committed until this moment."""
        frame = self._frame
        if frame is None and not fresh:
            return self._first()
        if frame is not None and not fresh:
            if self._store.clock.now() - frame.state.cut_off <= self._every:
                return frame
            if self._took > LONG:
                self._beside()
                return frame
        return self._make(fresh=fresh)

    def _make(self, *, fresh: bool) -> Frame:
        with self._lock:
            frame = self._frame
            if frame is not None and not fresh and self._store.clock.now() - frame.state.cut_off <= self._every:
                return frame  # somebody else has made it meanwhile
            began = time.monotonic()
            state = columnar.refresh(self._store, self._folder, self._told)
            if frame is not None and frame.state.files == state.files:
                frame.state, frame.counted = state, {}
            else:
                frame = Frame(self._folder, state)
            self._frame, self._took = frame, time.monotonic() - began
            return frame

    def _first(self) -> Frame:
        self._beside().join(self._patience)
        if self._frame is not None:
            return self._frame
        if self._failed is not None:
            raise self._failed
        raise Unavailable("measures.being-made", done=self._read)

    def _told(self, percent: int) -> None:
        self._read = percent

    def _beside(self) -> threading.Thread:
        with self._starting:
            if self._making is None or not self._making.is_alive():
                self._failed = None
                self._making = threading.Thread(target=self._try, name="doorstep-figures", daemon=True)
                self._making.start()
            return self._making

    def _try(self) -> None:
        try:
            self._make(fresh=False)
        except Exception as error:  # noqa: BLE001 - whoever waits for a first frame hears of it, the operator in any case
            _log.exception("figures could not be gathered")
            self._failed = error
