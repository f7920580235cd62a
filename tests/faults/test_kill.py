"""Given writers at work, when everything is killed at any moment, then no acknowledged write is lost and none is half."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from doorstep.kernel import store as stores
from doorstep.kernel.errors import Unavailable
from tests.faults.running import Writer, violations
from tests.faults.writer import ACTOR, pair
from tests.postgres import Cluster

ROUNDS = 5


@pytest.mark.parametrize(("apart", "alone"), [(False, False), (True, False), (True, True)],
                         ids=["a thread", "a process", "a process that outlives the server"])  # fmt: skip
def test_kill_9_loses_nothing_on_sqlite(tmp_path: Path, apart: bool, alone: bool) -> None:
    url, acknowledged, dice = f"sqlite:///{tmp_path}", [], random.Random(1)
    for _ in range(ROUNDS):
        writer = Writer(url, apart=apart)
        writer.read(dice.randint(5, 120))
        writer.kill(alone=alone)
        acknowledged += writer.acknowledged
        assert violations(url, acknowledged) == []
    assert len(acknowledged) > 5 * ROUNDS


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A cluster that keeps its promises to the disk, in a folder that its own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="doorstep-durable-"))
    folder.chmod(0o711)
    yield Cluster(folder, durable=True).start()
    shutil.rmtree(folder)


def test_kill_9_of_server_and_database_loses_nothing_on_postgresql(cluster: Cluster) -> None:
    acknowledged, dice = [], random.Random(2)
    try:
        for _ in range(3):
            writer = Writer(cluster.url)
            writer.read(dice.randint(5, 80))
            cluster.crash()
            writer.kill()
            acknowledged += writer.acknowledged
            cluster.start()
            assert violations(cluster.url, acknowledged) == []
    finally:
        cluster.stop()
    assert len(acknowledged) > 15


def test_a_database_that_restarts_is_a_503_and_then_works_again_without_our_restart(cluster: Cluster) -> None:
    store = stores.open(cluster.url, size=6)
    try:
        first = store.run(ACTOR, pair, "before")
        with ThreadPoolExecutor(6) as threads:  # fill the pool
            list(threads.map(lambda n: store.run(ACTOR, pair, f"p{n}"), range(12)))
        cluster.crash()
        with pytest.raises(Unavailable):
            store.read_once(ACTOR, "Patient", first[0])
        with pytest.raises(Unavailable):
            store.run(ACTOR, pair, "while away")
        cluster.start()
        refused = 0
        while True:
            try:
                second = store.run(ACTOR, pair, "after")
                break
            except Unavailable:
                refused += 1
                assert refused < 50
        assert store.read_once(ACTOR, "Patient", first[0]).version == 1
        assert store.read_once(ACTOR, "Observation", second[1]).version == 1
    finally:
        store.close()
        cluster.stop()
