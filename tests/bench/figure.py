"""One measured figure beside its bound, and how a table of them is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured: our value, that of the bare thing if there is one, and the most we allow.

    With a bare value the bound is on the ratio of the two, else on our value itself.
    """

    name: str
    unit: str
    ours: float
    bound: float
    bare: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the bare value ours is."""
        return None if self.bare is None else self.ours / self.bare

    @property
    def is_met(self) -> bool:
        """Whether the figure is within its bound."""
        return (self.ours if self.ratio is None else self.ratio) <= self.bound

    def cells(self) -> tuple[str, ...]:
        """Return the figure as a row of the table."""
        bound = f"{self.bound:g} {self.unit}" if self.ratio is None else f"{self.bound:g} x"
        bare = "–" if self.bare is None else f"{self.bare:,.1f} {self.unit}"
        ratio = "–" if self.ratio is None else f"{self.ratio:.2f}"
        return self.name, f"{self.ours:,.1f} {self.unit}", bare, ratio, bound, "yes" if self.is_met else "NO"


def table(figures: Sequence[Figure]) -> str:
    """Return all figures as a table for a terminal."""
    rows = [("figure", "ours", "bare", "ratio", "bound", "met"), *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)
