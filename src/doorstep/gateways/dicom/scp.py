"""A server for modalities (PS3.7, PS3.8): verification, worklist, storage. Known devices only, and limits on size.

An object is answered with success only after it is kept. What was received is kept as the bytes that came.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, StoragePresentationContexts, evt

from doorstep.gateways.dicom import header, worklist
from doorstep.journeys import receiving
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Refusal
from doorstep.kernel.store import Store
from doorstep.terms import systems
from doorstep.terms.policies import in_force
from doorstep.workflows import modality
from doorstep.workflows.coordination import day
from doorstep.workflows.modality import Modality

VERIFICATION: Final = "1.2.840.10008.1.1"
WORKLIST: Final = "1.2.840.10008.5.1.4.31"
"""SOP classes beside storage: verification, modality worklist FIND."""
TITLE: Final = "DOORSTEP"
NOBODY: Final = "_NOBODY_IS_KNOWN"
"""Stands for an empty list of known devices: pynetdicom takes an empty list for everybody."""
MOST_AT_ONCE: Final = 16
SECONDS: Final = 30
SUCCESS, PENDING, OUT_OF_RESOURCES, NOT_AUTHORISED, FAILED = 0x0000, 0xFF00, 0xA700, 0x0124, 0xC000
_log = logging.getLogger(__name__)
logging.getLogger("pynetdicom").setLevel(logging.WARNING)  # it tells of every association


class Server:
    """One listening port over a store. ``port`` 0 takes a free one; ``close`` ends it."""

    def __init__(self, store: Store, *, port: int, bind: str = "127.0.0.1", title: str = TITLE) -> None:
        self._store = store
        self._entity = AE(ae_title=title)
        self._entity.supported_contexts = list(StoragePresentationContexts)
        for context in self._entity.supported_contexts:
            context.transfer_syntax = [UID(each) for each in _SYNTAXES]
        self._entity.add_supported_context(VERIFICATION)
        self._entity.add_supported_context(WORKLIST)
        self._entity.maximum_associations = MOST_AT_ONCE
        self._entity.require_called_aet = True
        self._entity.network_timeout = self._entity.acse_timeout = self._entity.dimse_timeout = SECONDS
        self._know()
        limit = in_force(store, "study.object", on=day(store.clock.now())).amount
        self._most = limit * 1024 * 1024
        self._taken: dict[int, int] = {}
        self._server: Any = self._entity.start_server(
            (bind, port), block=False,
            evt_handlers=[
                (evt.EVT_CONN_OPEN, self._opened), (evt.EVT_CONN_CLOSE, self._closed),
                (evt.EVT_DATA_RECV, self._counted), (evt.EVT_DIMSE_RECV, self._whole),
                (evt.EVT_C_ECHO, self._echo), (evt.EVT_C_STORE, self._keep), (evt.EVT_C_FIND, self._find),
            ],
        )  # fmt: skip

    @property
    def port(self) -> int:
        return int(self._server.socket.getsockname()[1])

    def close(self) -> None:
        self._server.shutdown()

    def _know(self) -> None:
        """Who may connect now: asked at each connection, so that a device taken out of use is out at once."""
        with self._store.snapshot(SYSTEM, audited=False) as reads:
            found = reads.search("Device", [("identifier", f"{systems.TITLE}|")])
        titles = [modality.of(each).title for each in found if each.get("status") == "active"]
        self._entity.require_calling_aet = titles or [NOBODY]

    def _opened(self, event: Any) -> None:
        self._know()
        try:
            event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as gone:
            _log.info("a device hung up before it was asked for its name: %s", gone)

    def _closed(self, event: Any) -> None:
        self._taken.pop(id(event.assoc), None)

    def _counted(self, event: Any) -> None:
        """Bytes of the message that is coming; one that is too long is cut off before it fills the memory."""
        taken = self._taken[id(event.assoc)] = self._taken.get(id(event.assoc), 0) + len(event.data)
        if taken > self._most + 1024 * 1024:
            _log.warning("an object longer than the limit was cut off")
            event.assoc.dul.socket.close()

    def _whole(self, event: Any) -> None:
        self._taken[id(event.assoc)] = 0

    def _echo(self, event: Any) -> int:
        return SUCCESS

    def _device(self, event: Any) -> Modality | None:
        with self._store.snapshot(SYSTEM, audited=False) as reads:
            return modality.known(reads, str(event.assoc.requestor.ae_title).strip())

    def _keep(self, event: Any) -> int:
        device = self._device(event)
        if device is None:
            return NOT_AUTHORISED
        data = event.encoded_dataset()
        if len(data) > self._most:
            return OUT_OF_RESOURCES
        return deliver(self._store, device, data)

    def _find(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        device = self._device(event)
        if device is None:
            yield NOT_AUTHORISED, None
            return
        with self._store.snapshot(device.actor) as reads:
            answers = list(worklist.entries(reads, device, event.identifier))
        for answer in answers:
            if event.is_cancelled:
                yield 0xFE00, None
                return
            yield PENDING, answer


def deliver(store: Store, device: Modality, data: bytes) -> int:
    """Keep what a device sent; the status to answer with."""
    made = header.read(data, device=device.title)
    for last in (False, True):
        try:
            outcome = store.run(device.actor, receiving.receive, made=made, data=data)
        except Conflict as conflict:
            if last:  # another association brought the same object at the same moment, and lost it again
                _log.warning("an object was not kept: %s", conflict)
                return FAILED
            continue
        except Refusal as refusal:
            _log.warning("an object was not kept: %s", refusal)
            return FAILED
        _log.info("from %s: %s %s", device.title, outcome.kind, outcome.why)
        return SUCCESS
    return FAILED


_SYNTAXES: Final = [
    "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.5",
]  # fmt: skip
"""Explicit and implicit little endian, JPEG, JPEG-LS, JPEG 2000, RLE: what our readers can show."""
