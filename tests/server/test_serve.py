"""Given a data directory or a database, when an operator starts, asks and stops a server, then it does as it says."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from tests.postgres import free_port
from tests.server.running import Server, doorstep, environment, serving

ORIGIN = {"Origin": "https://app.example"}
PATIENT = {"resourceType": "Patient", "name": [{"family": "李"}]}


@pytest.fixture
def database(store_url: str) -> str:
    return "" if store_url.startswith("sqlite") else store_url


def test_it_serves_from_the_ready_line_on_and_stops_clean(tmp_path: Path, database: str) -> None:
    data = tmp_path / "data"
    with serving(data, database) as server:
        assert server.client.get("/healthz").status_code == 200
        made = server.client.post("/fhir/Patient", json=PATIENT, headers={"Content-Type": "application/fhir+json"})
        assert made.status_code == 201, made.text
        where = httpx.URL(made.headers["Location"]).path.split("/_history")[0]
        assert server.get(where)["name"] == PATIENT["name"]
        assert server.terminate() == 0
    assert doorstep("check", data=data, url=database).returncode == 0
    with serving(data, database) as server:
        assert server.get(where)["name"] == PATIENT["name"]


def test_sigterm_in_the_middle_of_work_loses_no_acknowledged_write(tmp_path: Path, database: str) -> None:
    data = tmp_path / "data"
    made: list[str] = []
    with serving(data, database) as server:
        def work() -> None:
            with httpx.Client(base_url=server.base, headers=dict(server.client.headers)) as client:
                while True:
                    try:
                        answer = client.post("/fhir/Patient", json=PATIENT, headers={"Content-Type": "application/fhir+json"})
                    except httpx.HTTPError:
                        return
                    if answer.status_code != 201:
                        return
                    made.append(httpx.URL(answer.headers["Location"]).path.split("/_history")[0])

        workers = [threading.Thread(target=work) for _ in range(6)]
        for worker in workers:
            worker.start()
        while len(made) < 60:
            workers[0].join(0.01)
        assert server.terminate() == 0
        for worker in workers:
            worker.join()
    with serving(data, database) as server:
        assert [path for path in made if server.client.get(path).status_code != 200] == []


def test_a_second_server_on_the_same_directory_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        refused = doorstep("serve", "--port", "1", data=tmp_path, check=False)
        assert refused.returncode == 2
        assert str(tmp_path) in refused.stderr and "Traceback" not in refused.stderr
        assert doorstep("load", __file__, data=tmp_path, check=False).returncode == 2
        assert server.client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "names"),
    [(["--workers", "2"], "2"), (["--bind", "0.0.0.0"], "0.0.0.0"), (["--roles", "api,nonsense"], "nonsense")],
)
def test_what_is_not_safe_is_refused(tmp_path: Path, arguments: list[str], names: str) -> None:
    refused = doorstep("serve", *arguments, data=tmp_path, check=False)
    assert refused.returncode == 2 and names in refused.stderr


def test_a_token_opens_health_and_metrics_until_it_is_revoked(tmp_path: Path, database: str) -> None:
    with serving(tmp_path / "data", database) as server:
        token = doorstep("token", "--as", "admin", data=server.data, url=database).stdout.strip()
        server.client.headers["Authorization"] = f"Bearer {token}"
        assert server.get("/ops/health")["alarms"] == []
        answer = server.client.get("/fhir/metadata", headers=ORIGIN)
        assert "access-control-allow-origin" not in answer.headers
        metrics = server.client.get("/metrics").text
        assert 'doorstep_requests_total{method="GET",status="200"}' in metrics and "doorstep_late_due 0.0" in metrics
        for path in ("/ops/health", "/metrics"):
            assert httpx.get(server.base + path).status_code == 401
            assert httpx.get(server.base + path, headers={"Authorization": "Bearer x"}).status_code == 401
        doorstep("token", "--as", "admin", "--revoke", data=server.data, url=database)
        assert server.client.get("/fhir/Patient").status_code == 401


def test_roles_may_run_apart_on_postgresql(tmp_path: Path, database: str) -> None:
    if not database:
        pytest.skip("one process on SQLite")
    with serving(tmp_path, database, "--roles", "api", "--workers", "2") as api, serving(
        tmp_path, database, "--roles", "jobs"
    ) as jobs:
        assert "roles=jobs" in jobs.ready
        assert api.client.get("/fhir/metadata").status_code == 200
        assert api.client.get("/").status_code == 404
        assert jobs.terminate() == 0


def test_a_web_origin_may_call_when_it_is_listed(tmp_path: Path) -> None:
    with serving(tmp_path, "", "--cors", ORIGIN["Origin"]) as server:
        answer = server.client.get("/fhir/metadata", headers=ORIGIN)
        assert answer.headers["access-control-allow-origin"] == ORIGIN["Origin"]


def test_a_database_alone_is_enough_to_serve(tmp_path: Path, database: str) -> None:
    if not database:
        pytest.skip("SQLite is a directory")
    process = subprocess.Popen(
        [sys.executable, "-m", "doorstep.cli", "serve", "--database", database, "--port", str(free_port())],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().startswith("ready ")
    process.terminate()
    assert process.wait(60) == 0


def test_several_processes_add_up_what_they_counted_whichever_is_asked(tmp_path: Path, database: str) -> None:
    if not database:
        pytest.skip("one process on SQLite")
    with serving(tmp_path, database, "--roles", "api", "--workers", "3") as server:
        for _ in range(40):  # each on a connection of its own, so that more than one process is asked
            httpx.get(f"{server.base}/fhir/metadata")
        assert [requests(server) for _ in range(12)] == [40.0] * 12
        assert server.get("/ops/health")["waiting_writes"] == 0


def requests(server: Server) -> float:
    """How many requests were answered with 200, as one process says."""
    text = httpx.get(f"{server.base}/metrics", headers=dict(server.client.headers), timeout=30).text
    line = next(line for line in text.splitlines() if line.startswith('doorstep_requests_total{method="GET",status="200"}'))
    return float(line.split()[1])
