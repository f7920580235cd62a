"""Server processes of a benchmark: started on loopback, watched through /proc, ended by their own number."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
_TICK = os.sysconf("SC_CLK_TCK")


class Process:
    """One server with whatever it starts. ``base`` is its address; ready when ``ready`` answers there."""

    def __init__(
        self, arguments: Sequence[str], *, port: int, log: Path, ready: str = "/healthz",
        environment: dict[str, str] | None = None, folder: Path = ROOT, patience: float = 60,
    ) -> None:  # fmt: skip
        self.base = f"http://127.0.0.1:{port}"
        self.log = log
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder,
                env={**os.environ, "PYTHONPATH": path, **(environment or {})},
            )  # fmt: skip
        self.pid = self._process.pid
        try:
            self._await(ready, patience)
        except BaseException:
            self.stop()
            raise

    def _await(self, ready: str, patience: float) -> None:
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended:\n{self.said()}")
            try:
                with urllib.request.urlopen(self.base + ready, timeout=2):
                    return
            except urllib.error.HTTPError:
                return  # it answers, if only to say no
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"the server did not answer within {patience} s:\n{self.said()}")

    def said(self) -> str:
        """The end of what the server wrote."""
        return self.log.read_text("utf-8", errors="replace")[-3000:]

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to every process of the tree that is still there after half a minute."""
        tree = family(self.pid)
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            for pid in tree:
                _kill(pid)
            self._process.wait()


def python(*arguments: str) -> list[str]:
    """A command of this interpreter."""
    return [sys.executable, *arguments]


def doorstep(*arguments: str) -> list[str]:
    """A command of the product, from this checkout."""
    return python("-m", "doorstep.cli", *arguments)


def run(arguments: Sequence[str], *, folder: Path = ROOT) -> str:
    """A command to its end; what it printed. Raises with its words when it failed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """Processor time of the families of ``pids`` until now, of children that have ended too."""
    ticks = 0
    for pid in pids:
        for member in family(pid):
            fields = _stat(member)
            ticks += sum(int(each) for each in fields[11:15]) if fields else 0
    return ticks / _TICK


def idle(pids: Sequence[int], *, patience: float = 120) -> None:
    """Wait until the families of ``pids`` use less than a tenth of a core."""
    until, used = time.monotonic() + patience, cpu_seconds(pids)
    while time.monotonic() < until:
        time.sleep(0.3)
        before, used = used, cpu_seconds(pids)
        if used - before <= 0.03:
            return
    raise RuntimeError(f"the server still works {patience} s after the last request")


def memory(pids: Sequence[int]) -> tuple[float, float]:
    """Megabytes resident, and those of them that are the processes' own (not mapped files), of the families."""
    resident = own = 0
    for pid in pids:
        for member in family(pid):
            try:
                lines = Path(f"/proc/{member}/status").read_text("ascii", errors="replace").splitlines()
            except OSError:
                continue  # ended meanwhile
            values = {name: value for name, _, value in (line.partition(":") for line in lines)}
            resident += int(values.get("VmRSS", "0 kB").split()[0])
            own += int(values.get("RssAnon", "0 kB").split()[0])
    return resident / 1024, own / 1024


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on (proc(5): the third), [] when the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
