"""The alternatives of one criterion, gathered by form so that many values make few statement shapes."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.search.model import Arm

_FEW = 2


class Arms:
    """Collects conditions that are joined by OR; ``done`` gives them with their values in the same order."""

    def __init__(self) -> None:
        self._forms: dict[tuple[tuple[str, ...], str], dict[tuple[Any, ...], None]] = {}

    def equal(self, columns: tuple[str, ...], *values: Any) -> None:
        """The columns equal the values."""
        self._add((columns, ""), values)

    def test(self, text: str, *values: Any) -> None:
        """Any condition on ``{x}``, with as many ``?`` as values."""
        self._add(((), text), values)

    def _add(self, form: tuple[tuple[str, ...], str], values: tuple[Any, ...]) -> None:
        self._forms.setdefault(form, {})[values] = None

    def done(self) -> tuple[tuple[Arm, ...], tuple[Any, ...]]:
        """The arms and the values of all, in order. Longer lists are padded to a power of two by repeating the last."""
        if len(self._forms) == 1:
            ((columns, text), known), *_ = self._forms.items()
            if len(known) == 1:
                return (Arm(columns, text, 1),), next(iter(known))
        arms, flat = [], []
        for (columns, text), known in self._forms.items():
            found, rows = list(known), padded(len(known))
            found = found + [found[-1]] * (rows - len(found))
            arms.append(Arm(columns, text, rows))
            flat += [value for values in found for value in values]
        return tuple(arms), tuple(flat)

    @staticmethod
    def none() -> tuple[tuple[Arm, ...], tuple[Any, ...]]:
        """An alternative that no row satisfies."""
        return (Arm((), "1 = 0", 1),), ()


def padded(count: int) -> int:
    """The next power of two, so that one statement serves lists of many lengths."""
    return count if count <= _FEW else 1 << (count - 1).bit_length()
