"""A process that writes pairs as fast as it can and tells each acknowledged one on stdout, until it is killed.

Each transaction makes a patient and an observation about that patient and takes a claim; the line says both ids.
"""

from __future__ import annotations

import os
import sys
import threading

from doorstep.kernel import store as stores
from doorstep.kernel.errors import Refusal
from doorstep.kernel.refs import Actor
from doorstep.kernel.tx import Tx

ACTOR = Actor("Practitioner/writer", "administrator", "Organization/a")


def pair(tx: Tx, name: str) -> tuple[str, str]:
    patient = tx.create({"resourceType": "Patient", "name": [{"text": name}]})
    observation = tx.create(
        {"resourceType": "Observation", "status": "final", "code": {"text": name},
         "subject": {"reference": str(patient.ref)}, "valueString": "x" * 400}
    )  # fmt: skip
    tx.claim("pair", name, holder=patient.id)
    return patient.id, observation.id


def main(url: str, threads: int, synchronous: str, apart: bool) -> None:
    options = {"synchronous": synchronous, "apart": () if apart else None} if url.startswith("sqlite") else {}
    store = stores.open(url, **options)
    os.write(1, b"ready\n")

    def work(n: int) -> None:
        count = 0
        while True:
            count += 1
            try:
                ids = store.run(ACTOR, pair, f"{os.getpid()}-{n}-{count}")
            except Refusal as refusal:
                os.write(1, f"refused {refusal.key}\n".encode())
                return
            os.write(1, f"ok {ids[0]} {ids[1]}\n".encode())

    workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "apart")
