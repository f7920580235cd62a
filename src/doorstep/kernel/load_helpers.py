"""The processes that prepare lines beside the one that commits them. They end with it, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor


def helpers(count: int) -> ProcessPoolExecutor:
    """A pool of forked processes: they begin with what this one has loaded and compiled."""
    return ProcessPoolExecutor(count, multiprocessing.get_context("fork"), initializer=_follow)


def _follow() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end, name="doorstep-follow", daemon=True).start()
