"""The processes that prepare lines beside the one that commits them. They end with it, however it ends."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Final

_YOUNG: Final = 50_000
"""New objects between two looks for rings: a chunk makes many and leaves none."""


@contextmanager
def helpers(count: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of forked processes: they begin with what this one has loaded and compiled, which is not swept meanwhile.

    Sweeping it took a fifth of the processor time of a load, and copied its pages into every helper.
    """
    often = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *often[1:])
    try:
        with ProcessPoolExecutor(count, multiprocessing.get_context("fork"), initializer=_follow) as pool:
            yield pool
    finally:
        gc.set_threshold(*often)
        gc.unfreeze()


def _follow() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end, name="doorstep-follow", daemon=True).start()
