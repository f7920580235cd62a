"""Run the scenarios of another hospital system (sekmet-fhir) against a Doorstep of its own, and print which pass.

The peer is installed into a folder of its own, for it is no dependency of ours; a server is started on loopback with
empty data, and the peer gets a bearer token for it. Exit status 1 when a scenario that Doorstep answers does not pass.

    python tools/peer_sekmet.py [--keep DIR] [--database URL]

With --keep the installed peer and its reports stay in DIR, and the next run is a matter of seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doorstep.terms import systems

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "sekmet-fhir==0.1.1"
COST = "47 packages, about half a minute"

NOT_OFFERED = {
    "lab_order_peer_fills": "a laboratory that makes up results by itself; here people and analysers make them",
}
"""Scenarios that need what Doorstep does not do, and what that is."""
TOPIC = {"topic": f"{systems.BASE}/SubscriptionTopic/encounter-finished", "filter_param": "patient"}
"""Which of our topics the peer is to subscribe to, and what to narrow it by: its scenario asks to be told."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One scenario: its steps by status, and what its first failed step says."""

    name: str
    status: str
    passed: int
    skipped: int
    failed: int
    reason: str

    @property
    def good(self) -> bool:
        return self.status == "passed" or self.name in NOT_OFFERED


def verdicts(results: list[dict[str, Any]]) -> list[Verdict]:
    """Of the peer's own report."""
    found = []
    for scenario in results:
        steps = scenario["steps"]
        counts = {status: sum(step["status"] == status for step in steps) for status in ("passed", "skipped", "failed")}
        name = Path(scenario["file"]).stem
        bad = next((step for step in steps if step["status"] not in ("passed", "skipped")), None)
        reason = f"{bad['name']}: {_said(bad)}" if bad else scenario.get("error") or ""
        if name in NOT_OFFERED:
            reason = f"needs {NOT_OFFERED[name]}"
        found.append(Verdict(name, scenario["status"], counts["passed"], counts["skipped"],
                             len(steps) - counts["passed"] - counts["skipped"], reason))  # fmt: skip
    return found


def _said(step: dict[str, Any]) -> str:
    wrong = [f"{check['check']}: {check['detail']}" for check in step.get("checks", ()) if not check["ok"]]
    return ("; ".join(wrong) or step.get("message", "")).partition("\n")[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="DIR")
    parser.add_argument("--database", default="", metavar="URL")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="doorstep-sekmet-") as work:
        folder = (options.keep or Path(work)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        peer = _installed(folder / "venv")
        hears = _free_port()
        with _serving(Path(work) / "data", options.database, hears) as (base, token):
            found = verdicts(_run(peer, folder, base, token, hears))
    for verdict in found:
        print(f"{verdict.status:8} {verdict.name:32} {verdict.passed:3} passed {verdict.skipped:3} skipped "
              f"{verdict.failed:3} failed  {verdict.reason}".rstrip())  # fmt: skip
    good = sum(verdict.status == "passed" for verdict in found)
    absent = sum(verdict.name in NOT_OFFERED and verdict.status != "passed" for verdict in found)
    print(f"{good} of {len(found)} scenarios pass; {absent} need what is not offered")
    return 0 if found and all(verdict.good for verdict in found) else 1


def _installed(place: Path) -> Path:
    """The peer's program, installed if it is not there yet."""
    program = place / "bin" / "sekmet"
    if not program.exists():
        print(f"Installing {PACKAGE} ({COST})", flush=True)
        venv.create(place, with_pip=True)
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", PACKAGE]
        subprocess.run(pip, check=True)
    return program


@contextmanager
def _serving(data: Path, database: str, hears: int) -> Iterator[tuple[str, str]]:
    """(FHIR base, token) of a server on a free port, which may notify the peer at ``hears``."""
    where = ["--data", str(data), *(["--database", database] if database else [])]
    port = _free_port()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "doorstep.cli"]
    process = subprocess.Popen(
        [*command, "serve", *where, "--port", str(port)], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert process.stdout is not None
        if not process.stdout.readline().startswith("ready"):
            raise SystemExit("doorstep serve did not become ready")
        token = subprocess.run(
            [*command, "token", *where, "--as", "admin"], capture_output=True, text=True, check=True, env=environment
        )
        hook = [*command, "hosts", *where, "--allow", f"http://127.0.0.1:{hears}", "--private"]
        subprocess.run(hook, check=True, env=environment, stdout=subprocess.DEVNULL)
        yield f"http://127.0.0.1:{port}/fhir", token.stdout.strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _run(peer: Path, folder: Path, base: str, token: str, port: int) -> list[dict[str, Any]]:
    """All scenarios of the peer; its report. The token is in a file that only we read, and goes afterwards."""
    settings = {
        "base_url": f"http://127.0.0.1:{port}/fhir", "host": "127.0.0.1", "port": port,
        "peers": {"doorstep": {"base_url": base, "auth": {"type": "bearer", "token": token}}},
    }  # fmt: skip
    with tempfile.TemporaryDirectory(dir=folder) as place:
        file = Path(place) / "settings.yaml"  # JSON is YAML
        file.touch(mode=0o600)
        file.write_text(json.dumps({**settings, "data_dir": place}), "utf-8")
        reports = Path(place) / "reports"
        subprocess.run(
            [str(peer), "scenario", "run", "all", "--peer", "doorstep", "--config", str(file),
             "--report-dir", str(reports), *(f"--var={name}={value}" for name, value in TOPIC.items())],
            cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600, check=False,
        )  # fmt: skip
        (report,) = reports.glob("*/results.json")
        results: list[dict[str, Any]] = json.loads(report.read_text("utf-8"))
        (folder / "results.json").write_text(json.dumps(results, indent=1), "utf-8")
    return results


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
