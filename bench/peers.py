"""Other FHIR servers that the registries offer, asked the same in the same run: read, search, create, transactions.

Each is one process, started as its own documentation says, and asked over as many kept-alive connections as the
product. None of them does all that the product does: ``Peer.does`` says what it does besides answering, and stands
beside each figure; what an answer lacks is found out before the clock runs and stands there too. They are installed
into folders of their own, which ``--keep`` keeps.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import venv
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import data, peer_answers, product, requests, wrk
from bench.engines import Engine, engine
from bench.figures import Figure, Table
from bench.processes import Process, free_port

RESIDENTS = 30
CONNECTIONS = 16
SERVERS = Path(__file__).parent / "peer_servers"
KINDS = ("read", "search", "create", "bundle20")
_NAMES = {"read": "read by id", "search": "search", "create": "create", "bundle20": "transaction of 20"}


class Absent(Exception):
    """A peer that could not be installed or did not start; the message says how it failed."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server under test. ``start`` installs it in a folder, if it is not there, and answers the command that serves
    NDJSON on a port with another folder for what it keeps."""

    name: str
    python: bool
    start: Callable[[Path, Path, int, Path], list[str]]
    base: str
    ready: str
    kinds: Sequence[str] = KINDS
    headers: tuple[tuple[str, str], ...] = ()
    subject: str = "patient={id}"
    fill: bool = False
    """Whether the data goes in over HTTP."""
    does: str = ""
    """What of the product's work it does for a request: token, validation, durable writes, a row of who asked."""


@dataclass(slots=True)
class Asked:
    """A running server and the files of requests to it."""

    process: Process
    headers: dict[str, str]
    files: dict[str, Path]
    lacks: dict[str, str] = field(default_factory=dict)
    """Kind of request -> what its answer is not, compared with the product's."""


def bench(table: Table, folder: Path, *, seconds: float, rounds: int, kept: Path | None = None) -> None:
    """The product on SQLite beside every peer that can be had. ``kept``: where they stay installed."""
    wrk.check()
    residents = [data.Resident(number) for number in range(RESIDENTS)]
    with engine("sqlite", folder) as home, ExitStack() as stack:
        place = folder / "sqlite"
        file = place / "residents.ndjson"
        data.write(file, range(RESIDENTS), observations=data.MANY)
        url = home.new("product")
        product.load(url, place, file)
        copy = home.copy(url, "floor")
        headers = product.token(url, place)
        server = stack.enter_context(product.server(url, place))
        asked_of_us = _requests("/fhir", "patient={id}", residents, file)
        ours = Asked(server, headers, _written(place / "ours", asked_of_us, KINDS))
        floor = _floor(stack, home, copy, place, asked_of_us)
        theirs: list[tuple[Peer, Asked]] = [(FLOOR, floor)]
        for number, peer in enumerate(PEERS):
            installed = (kept or folder) / f"peer-{peer.name.replace(' ', '-')}"
            try:
                asked = _begin(stack, installed, folder / f"peer{number}", peer, residents, file)
                asked.lacks = peer_answers.lacks(_asker(ours, KINDS), _asker(asked, peer.kinds), peer.kinds)
                theirs.append((peer, asked))
            except Absent as absent:
                print(f"{peer.name}: not measured: {absent}", flush=True)
        table.section(f"peers, {RESIDENTS} residents with {data.MANY} observations; floor: the peer")
        for kind in KINDS:
            _compare(table, kind, ours, theirs, lambda: product.sealed(home, url), seconds, rounds)


def _compare(
    table: Table, kind: str, ours: Asked, theirs: Sequence[tuple[Peer, Asked]], settled: Callable[[], object],
    seconds: float, rounds: int,
) -> None:  # fmt: skip
    asked = [(peer, each) for peer, each in theirs if kind in peer.kinds]
    best: list[wrk.Run | None] = [None] * (len(asked) + 1)
    for _ in range(rounds):
        for place, each in enumerate([ours, *(each for _, each in asked)]):
            run = wrk.load(
                each.process.base, each.files[kind], each.headers, connections=CONNECTIONS, seconds=max(seconds, 5),
                pids=[each.process.pid], settled=settled if each is ours else lambda: None,
            )  # fmt: skip
            known = best[place]
            best[place] = run if known is None or run.rate > known.rate else known
    mine = best[0]
    assert mine is not None
    swiftest = max((run.rate for (peer, _), run in zip(asked, best[1:], strict=True) if run and peer.python), default=0)
    for (peer, their), run in zip(asked, best[1:], strict=True):
        assert run is not None
        if peer is FLOOR:
            table.add(Figure(
                f"{_NAMES[kind]}: {peer.name}", "sqlite", CONNECTIONS, run.rate, "/s", swiftest, run.rate / swiftest,
                run.cpu, 0, run.p50, run.p99, run.own, f"beside the best Python peer; does: {peer.does}",
            ))  # fmt: skip
            continue
        notes = ["best Python peer"] if peer.python and run.rate == swiftest else []
        notes += [f"does: {peer.does}"] + ([f"LACKS: {their.lacks[kind]}"] if kind in their.lacks else [])
        table.add(Figure(
            f"{_NAMES[kind]}: {peer.name}", "sqlite", CONNECTIONS, mine.rate, "/s", run.rate, mine.rate / run.rate,
            mine.cpu, run.cpu, mine.p50, mine.p99, mine.own, "; ".join(notes),
        ))  # fmt: skip


def _begin(
    stack: ExitStack, installed: Path, folder: Path, peer: Peer, residents: Sequence[data.Resident], file: Path
) -> Asked:
    folder.mkdir()
    installed.mkdir(parents=True, exist_ok=True)
    port = free_port()
    try:
        command = peer.start(installed, folder, port, file)
        process = Process(command, port=port, log=folder / "log", ready=peer.ready, folder=installed, patience=120)
    except (RuntimeError, OSError) as error:
        raise Absent(str(error).strip().replace("\n", " ")[-300:]) from error
    stack.callback(process.stop)
    headers = {"Content-Type": product.JSON, **dict(peer.headers)}
    if peer.fill:
        _fill(process.base + peer.base, headers, file)
    files = _written(folder, _requests(peer.base, peer.subject, residents, file), peer.kinds)
    return Asked(process, headers, files)


def _floor(stack: ExitStack, home: Engine, url: str, folder: Path, asked: dict[str, list[tuple[str, str]]]) -> Asked:
    """What no server of this kind can do much better than (bench/floor.py), on a copy of the record."""
    ids = [tuple(path.split("/")[2:4]) for path, _ in asked["read"]]
    side = requests.bare(
        stack, home, url, folder, ids=[(name, id_) for name, id_ in ids],
        searches=[path.removeprefix("/fhir/") for path, _ in asked["search"]],
        bodies={kind: [body for _, body in asked[kind]] for kind in ("create", "bundle20")},
    )  # fmt: skip
    return Asked(side.process, side.headers, side.files)


def _asker(asked: Asked, kinds: Sequence[str]) -> peer_answers.Asker:
    """One request of a kind by hand: its number and what to change in its path -> the answer."""
    lines = {kind: asked.files[kind].read_text("utf-8").splitlines() for kind in kinds}

    def ask(kind: str, number: int, *change: str) -> tuple[int, bytes]:
        path, _, body = lines[kind][number].partition("\t")
        return wrk.fetch(asked.process.base + path.replace(*change) if change else asked.process.base + path,
                         asked.headers, body)  # fmt: skip

    return ask


def _requests(
    base: str, subject: str, residents: Sequence[data.Resident], file: Path
) -> dict[str, list[tuple[str, str]]]:
    """(path, body) of each kind."""
    lines = file.read_text("utf-8").splitlines()
    ids = [json.loads(line)["id"] for line in lines if line.startswith('{"resourceType":"Observation"')]
    searches = [data.search(each).replace(f"patient={each.id}", subject.format(id=each.id)) for each in residents]
    return {
        "read": [(f"{base}/Observation/{id_}", "") for id_ in ids[::3]],
        "search": [(f"{base}/{path}".replace("|", "%7C"), "") for path in searches],
        "create": [(f"{base}/Observation", data.new_observation(data.Resident(each.number), 3)) for each in residents],
        "bundle20": [(base, data.transaction(data.Resident(each.number), 20)) for each in residents],
    }


def _written(folder: Path, asked: dict[str, list[tuple[str, str]]], kinds: Sequence[str]) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    return {kind: wrk.requests_file(folder / kind, asked[kind]) for kind in kinds}


def _fill(base: str, headers: dict[str, str], file: Path) -> None:
    """The data as transactions of updates, which keep the ids."""
    lines = file.read_text("utf-8").splitlines()
    for start in range(0, len(lines), 100):
        found = [json.loads(line) for line in lines[start : start + 100]]
        names = [f"{each['resourceType']}/{each['id']}" for each in found]
        entries = [
            {"resource": each, "request": {"method": "PUT", "url": name}}
            for name, each in zip(names, found, strict=True)
        ]
        body = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}, ensure_ascii=False)
        status, answer = wrk.fetch(base, headers, body)
        if status != 200:
            raise Absent(f"does not take the data: {status} {answer[:200]!r}")


# -- the peers


def _run(arguments: list[str], folder: Path) -> None:
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Absent(f"{' '.join(arguments[:3])}: {(done.stderr or done.stdout).strip()[-300:]}")


def _python(folder: Path, *packages: str) -> Path:
    """The interpreter of a virtual environment with these packages, made if it is not there."""
    found = folder / "venv" / "bin" / "python"
    if not (folder / "complete").exists():
        venv.create(folder / "venv", with_pip=True)
        _run([str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], folder)
        (folder / "complete").touch()
    return found


def _node(folder: Path, *packages: str) -> str:
    """Node itself, with these packages in the folder."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Absent("node and npm are not installed")
    if not (folder / "complete").exists():
        (folder / "package.json").write_text("{}", "utf-8")
        _run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages], folder)
        (folder / "complete").touch()
    return node


def _sekmet(installed: Path, folder: Path, port: int, file: Path) -> list[str]:
    found = _python(installed, "sekmet-fhir==0.1.1")
    settings = {
        "base_url": f"http://127.0.0.1:{port}/fhir", "host": "127.0.0.1", "port": port, "data_dir": str(folder),
        "server_auth": {"types": ["bearer"], "tokens": ["bench"]}, "simulator": {"enabled": False},
    }  # fmt: skip
    (folder / "settings.yaml").write_text(json.dumps(settings), "utf-8")  # JSON is YAML
    return [str(found.with_name("sekmet")), "serve", "-c", str(folder / "settings.yaml")]


def _fhirstarter(installed: Path, folder: Path, port: int, file: Path) -> list[str]:
    found = _python(installed, "fhirstarter==4.2.0", "uvicorn==0.54.0")
    return [str(found), str(SERVERS / "fhirstarter_app.py"), str(port), str(file)]


def _medplum(installed: Path, folder: Path, port: int, file: Path) -> list[str]:
    packages = (f"@medplum/{name}@4.5.2" for name in ("fhir-router", "core", "definitions"))
    return [_node(installed, *packages), str(SERVERS / "medplum.mjs"), str(port), str(file)]


def _asymmetrik(installed: Path, folder: Path, port: int, file: Path) -> list[str]:
    node = _node(installed, "@asymmetrik/node-fhir-server-core@2.2.5")
    return [node, str(SERVERS / "asymmetrik.js"), str(port), str(file)]


FLOOR = Peer("our own floor", False, lambda *_: [], "", "", does="the same SQL and the row of the access, nothing else")
"""No peer: it says how far a server in this language can be ahead of one."""
PEERS = (
    Peer("sekmet-fhir 0.1.1", True, _sekmet, "/fhir", "/fhir/metadata",
         headers=(("Authorization", "Bearer bench"),), fill=True,
         does="token, structural validation, SQLite in WAL mode with a full sync, a log row a request, history"),
    Peer("fhirstarter 4.2.0", True, _fhirstarter, "", "/metadata", kinds=("read", "search", "create"),
         does="validation (of what it reads, too); no token, no log, keeps nothing"),
    Peer("Medplum router 4.5.2", False, _medplum, "/fhir", "/fhir/Patient/none", subject="subject=Patient/{id}",
         does="nothing else; keeps nothing"),
    Peer("node-fhir-server-core 2.2.5", False, _asymmetrik, "/4_0_1", "/4_0_1/metadata",
         kinds=("read", "search", "create"), does="nothing else; keeps nothing"),
)  # fmt: skip
"""The router searches its memory, the two frameworks are given dictionaries by us. Only sekmet-fhir and the router know
transactions. Each runs in one process, as ours does on SQLite."""
