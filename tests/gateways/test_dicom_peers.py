"""Given another vendor's modality (dcmtk), when it asks and sends, then it is answered as the standard says, if it is known."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest

from doorstep.gateways.dicom import header, pixels, scp
from doorstep.kernel.store import Store
from doorstep.workflows import picture
from tests.district import stands, task
from tests.studies import NURSE, READER, device, file_for, placed

pytestmark = pytest.mark.skipif(shutil.which("storescu") is None, reason="dcmtk is a Debian package: tools/needs tests")

ONE_ENGINE = pytest.mark.parametrize("district_url", ["sqlite"], indirect=True)
"""What the record does with an object is tried on both engines; how the port answers needs one."""


@pytest.fixture
def server(district: Store) -> Iterator[scp.Server]:
    made = scp.Server(district, port=0)
    yield made
    made.close()


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([name, *arguments], capture_output=True, text=True, timeout=60, check=False, errors="replace")


def at(server: scp.Server, title: str = "ECG_SHIQIAO", called: str = scp.TITLE) -> tuple[str, ...]:
    return ("-aet", title, "-aec", called, "127.0.0.1", str(server.port))


def test_a_known_device_asks_records_and_sends_and_types_nothing(district: Store, server: scp.Server, tmp_path: Path) -> None:
    waiting = placed(district, priority="stat")
    assert tool("echoscu", *at(server)).returncode != 0, "nobody is known yet"
    device(district)
    assert tool("echoscu", *at(server)).returncode == 0
    assert tool("echoscu", *at(server, "ANYBODY")).returncode != 0
    assert tool("echoscu", *at(server, called="OTHER")).returncode != 0
    entry = asked(server, tmp_path, "-k", "0008,0050", "-k", "0010,0010", "-k", "0010,0020", "-k", "0010,0030",
                  "-k", "(0040,0100)[0].Modality=ECG")
    assert str(entry.PatientName) == "LI^JIANGUO=李^建国"
    assert entry.ScheduledProcedureStepSequence[0].Modality == "ECG"
    file = tmp_path / "made.dcm"
    file.write_bytes(file_for(district, waiting, accession=entry.AccessionNumber, number=entry.PatientID))
    for _ in range(2):  # a cart that lost the answer sends again
        done = tool("storescu", *at(server), str(file))
        assert done.returncode == 0, done.stderr
    assert stands(task(district, waiting))[0] == "acquired"
    with district.snapshot(READER) as reads:
        kept = picture.media_of(reads, task(district, waiting)["focus"]["reference"])
        data = picture.content(reads, kept[0])
    assert len(kept) == 1
    assert pydicom.dcmread(file).WaveformSequence == pydicom.dcmread(pydicom.filebase.DicomBytesIO(data)).WaveformSequence
    assert asked(server, tmp_path, "-k", "0008,0050") is None, "what was recorded is no longer on the worklist"


def asked(server: scp.Server, folder: Path, *keys: str) -> Any:
    """The one entry of the worklist that dcmtk was given; None when there is none."""
    for old in folder.glob("rsp*.dcm"):
        old.unlink()
    done = tool("findscu", "-W", "-X", "-od", str(folder), *keys, *at(server))
    assert done.returncode == 0, done.stderr
    found = sorted(folder.glob("rsp*.dcm"))
    assert len(found) <= 1
    return pydicom.dcmread(found[0], force=True) if found else None


@ONE_ENGINE
def test_keys_of_the_worklist_match_as_the_standard_says(district: Store, server: scp.Server, tmp_path: Path) -> None:
    placed(district)
    device(district)
    device(district, "DR_SHIQIAO", "DX")
    for key, there in (("0010,0010=LI*", True), ("0010,0010=WANG*", False), ("0010,0010=L?^JIAN*", True),
                       ("0010,0020=1", False), ("(0040,0100)[0].ScheduledProcedureStepStartDate=19990101-", True),
                       ("(0040,0100)[0].ScheduledProcedureStepStartDate=19990101", False), ("(0040,0100)[0].Modality=CT", False)):
        assert (asked(server, tmp_path, "-k", "0008,0050", "-k", key) is not None) is there, key
    done = tool("findscu", "-W", "-X", "-od", str(tmp_path), "-k", "0008,0050", *at(server, "DR_SHIQIAO"))
    assert done.returncode == 0
    assert not list(tmp_path.glob("rsp000[2-9].dcm")), "a film is not what was ordered"


@ONE_ENGINE
def test_what_is_longer_than_the_limit_is_cut_off_and_the_next_one_is_served(district: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = placed(district)
    device(district)
    server = scp.Server(district, port=0)
    monkeypatch.setattr(server, "_most", 100_000)
    file = tmp_path / "made.dcm"
    file.write_bytes(file_for(district, waiting))
    try:
        assert tool("storescu", *at(server), str(file)).returncode != 0
        assert stands(task(district, waiting))[0] == "requested"
        monkeypatch.setattr(server, "_most", 10_000_000)
        assert tool("storescu", *at(server), str(file)).returncode == 0
    finally:
        server.close()
    assert stands(task(district, waiting))[0] == "acquired"


@ONE_ENGINE
def test_noise_on_the_port_harms_nobody(district: Store, server: scp.Server) -> None:
    device(district)
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x01\x00\xff\xff\xff\xff" + b"x" * 64, b""):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(data)
    assert tool("echoscu", *at(server)).returncode == 0


@ONE_ENGINE
def test_a_device_out_of_use_is_out_at_once(district: Store, server: scp.Server) -> None:
    made = device(district)
    assert tool("echoscu", *at(server)).returncode == 0
    district.run(NURSE, lambda tx: tx.update({**tx.read("Device", made.id), "status": "inactive"}))
    assert tool("echoscu", *at(server)).returncode != 0


@pytest.mark.parametrize("name", ["CT_small.dcm", "RG1_J2KI.dcm"])
def test_pictures_come_out_as_dcmtk_draws_them(name: str, tmp_path: Path) -> None:
    from PIL import Image

    from doorstep.demo.reading import file

    source = tmp_path / "in.dcm"
    found = pydicom.dcmread(pydicom.filebase.DicomBytesIO(file(name)))
    if found.file_meta.TransferSyntaxUID.is_compressed:
        found.decompress()
    found.save_as(source)
    shown = pixels.read(source.read_bytes())
    done = tool("dcm2pnm", "+op", "+Ww", str(shown.center), str(shown.width), str(source), str(tmp_path / "out.pgm"))
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "out.pgm") as theirs:
        other = pixels.np.asarray(theirs.convert("L"), dtype=int)
    ours = pixels.gray(shown, center=shown.center, width=shown.width).astype(int)
    assert other.shape == ours.shape
    assert abs(other - ours).max() <= 1
    assert header.read(source.read_bytes()) is not None
