"""The demo district: synthetic residents, the same for the same seed and day, and a walk through the main line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from doorstep.kernel import store as stores
from doorstep.kernel.clock import HOME

RESIDENTS, WALKED, FULL_SIZE = 2000, 60, 250_000
"""How many live in the district that is shown, in the one that is walked through, and in one of full size."""


def prepare(data_dir: Path | str, residents: int = 60, *, database: str = "") -> dict[str, str]:
    """Make the demo's data and accounts unless they are there; account -> password.

    Refuses a record that holds anything but a demo.
    """
    from doorstep.demo.opening import fill, make_accounts
    from doorstep.web.wsgi import prepare as prepare_accounts

    data_dir = Path(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    store = stores.open(database or f"sqlite:///{data_dir}")
    try:
        fill(store, residents=residents, today=datetime.now(HOME).date())
        prepare_accounts(data_dir)
        return make_accounts(data_dir, store)
    finally:
        store.close()


def main(data_dir: Path, *, port: int, residents: int, check: bool, database: str = "", full: bool = False) -> int:
    """The verb ``demo``: serve the district on loopback, or walk through it from outside and say how it went.

    ``full`` is a district as large as the reports', with their counts themselves; it takes long and can be interrupted.
    """
    from doorstep.demo.figures import FULL, SHOWN
    from doorstep.demo.running import serve, walk

    if check:
        return walk(residents or WALKED)
    wanted, scale = (FULL_SIZE, FULL) if full else (RESIDENTS, SHOWN)
    return serve(data_dir, port=port, residents=residents or wanted, database=database, scale=scale)
