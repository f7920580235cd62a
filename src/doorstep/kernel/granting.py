"""The verbs by which a workflow event opens and ends somebody's right to read a resident. No client reaches them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from doorstep.kernel.clock import FOREVER
from doorstep.kernel.definitions import definitions
from doorstep.kernel.grants import REASONS
from doorstep.kernel.refs import Ref, part_of_id, part_of_resident
from doorstep.kernel.writeset import BarRow, GrantRow, WriteSet


class Granting:
    """Part of a transaction: grants and refusals are rows of its write set."""

    now: int
    _writes: WriteSet

    def grant(
        self,
        *,
        resident: str,
        reason: str,
        source: str,
        org: str = "",
        person: str = "",
        level: int = 2,
        label: str = "",
        purpose: str = "",
        scope: str | None = None,
        items: Sequence[str] = (),
        starts: int | None = None,
        ends: int | None = None,
        verified: bool = True,
    ) -> str:
        """An institution, or a person, may read a resident because of ``source`` (a reference to the act); its id.

        ``level``: 1 identity, 2 the record, 3 restricted; ``label`` is the category that level 3 opens, "*" for all.
        ``purpose`` "" is any. ``scope`` None is the whole record, "Encounter/x" that episode, "packet" the ``items``
        ("Type/id"). Times in microseconds of the business clock. The same source, reader and reach again replaces.
        """
        if not org and not person:
            raise ValueError("a grant is somebody's")
        part = part_of_resident(resident)
        reach = "|".join(("", label, scope or "")) if label or scope else ""
        key = sha256(f"{source}|{org}|{person}|{reason}{reach}".encode()).hexdigest()[:32]
        self._writes.grants.append(GrantRow(
            part, resident, key, org, person, level, purpose, reason, source, scope,
            self.now if starts is None else starts, FOREVER if ends is None else ends, verified, label,
            REASONS[reason].firm, tuple(_item(text) for text in items),
        ))  # fmt: skip
        return key

    def end_grants(self, source: str, *, at: int | None = None) -> None:
        """The grants that an act gave end now, or at a moment."""
        self._writes.grants_ended.append((source, self.now if at is None else at))

    def bar(self, *, resident: str, source: str, org: str = "*", until: int | None = None) -> None:
        """The resident's refusal: what was or will be granted to an institution ("*" all) does not work.

        What the law, an emergency or the resident's own consent gives stays, and so does what the institution wrote.
        """
        end = FOREVER if until is None else until
        self._writes.bars.append(BarRow(part_of_resident(resident), resident, org, source, end))

    def unbar(self, source: str, *, at: int | None = None) -> None:
        """A refusal is taken back."""
        self._writes.bars_ended.append((source, self.now if at is None else at))


def _item(text: str) -> tuple[int, str, int]:
    """What a packet lists; the part is only known of ids that carry it, and the rule finds the others by their id."""
    target = Ref.parse(text)
    return definitions().number[target.type], target.id, part_of_id(target.id) or 0
