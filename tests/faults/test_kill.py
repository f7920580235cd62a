"""Given writers at work, when everything is killed at any moment, then no acknowledged write is lost and none is half."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.running import Writer, violations
from tests.postgres import Cluster

ROUNDS = 5


def test_kill_9_loses_nothing_on_sqlite(tmp_path: Path) -> None:
    url, acknowledged, dice = f"sqlite:///{tmp_path}", [], random.Random(1)
    for _ in range(ROUNDS):
        writer = Writer(url)
        writer.read(dice.randint(5, 120))
        writer.kill()
        acknowledged += writer.acknowledged
        assert violations(url, acknowledged) == []
    assert len(acknowledged) > 5 * ROUNDS


def test_kill_9_of_server_and_database_loses_nothing_on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("durable")
    for parent in [folder, *list(folder.parents)[:2]]:
        parent.chmod(0o755)
    cluster = Cluster(folder, durable=True).start()
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
