"""The directory of the demo district alone, and the people who keep it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from doorstep.demo.district import directory
from doorstep.demo.stage import actor
from doorstep.kernel.errors import Refusal
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows.coordination import day

RULES, HOME, HOSPITAL_ADMIN, DOCTOR = actor("wugang"), actor("fengkai"), actor("zhenglin"), actor("zhangmin")
AUDITOR = actor("xujing")
OPERATOR = Actor("Device/doorstep", "administrator", "Organization/alliance", "HOPERAT", "test")
ALLIANCE, HOSPITAL, LABORATORY = "Organization/alliance", "Organization/hospital", "Organization/laboratory"
SHIQIAO, ZHUXI, UNIVERSITY = "Organization/shiqiao", "Organization/zhuxi", "Organization/university"


def put_directory(store: Store) -> Store:
    def put(tx: Any) -> None:
        for entry in directory():
            tx.update(entry)

    store.run(OPERATOR, put)
    return store


def today(store: Store) -> date:
    return day(store.clock.now())


def read(store: Store, reference: str) -> dict[str, Any]:
    with store.snapshot(RULES) as reads:
        return reads.read(*reference.split("/"))


def refused(key: str, store: Store, who: Actor, command: Callable[..., Any], /, **boxes: Any) -> Refusal:
    """The refusal of a command: its key is compared."""
    with pytest.raises(Refusal) as caught:
        store.run(who, command, **boxes)
    assert caught.value.key == key, str(caught.value)
    return caught.value
