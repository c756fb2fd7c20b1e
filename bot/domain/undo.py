"""Whether a row still is as an applied reset left it, so that an undo may write its older values back.

Pure. The proof is in the site database itself, because a store can be an older copy: the newest copy of the row in the
backup table is the one that the reset made, and every column reads as that copy does, but for what the reset wrote.
`UpdateTime` is among them: Distribution Manager sets it whenever it writes a row, and a reset does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.domain.plan import PlanRow

Values = Mapping[str, object]
"""What a row holds, by column in lower case."""

UPDATED, VERSION, STATUS = "updatetime", "sourceversion", "status"


@dataclass(frozen=True, slots=True)
class Undoing:
    """The applied reset that an undo takes back, and the requests that are known to have been applied before it."""

    request_id: str
    older: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BackupCopy:
    """A row of the backup table: who made it, when if the table tells, and what it holds."""

    request_id: str
    made_at: Any
    values: Values


def undo_violation(
    row: PlanRow,
    undoing: Undoing,
    now: Values,
    copies: Sequence[BackupCopy],
    compared: Mapping[str, str],
) -> str:
    """Say why a row of an undo may not be written back; empty when it may.

    `now` is the row as it reads, `copies` are all rows of the backup table with its key, `compared` the columns that no
    reset changes, with their names for people.
    """
    ours = [copy for copy in copies if copy.request_id == undoing.request_id]
    if len(ours) != 1:
        count = f"{len(ours)} copies" if ours else "no copy"
        return f"the backup table has {count} of it by request {undoing.request_id}"
    others = (copy for copy in copies if copy.request_id != undoing.request_id)
    newer = next((copy for copy in others if not _is_older(copy, ours[0], undoing.older)), None)
    if newer:
        return (
            f"the backup table also has a copy of it by request {newer.request_id}, and that one is newer, or nothing"
            " tells that it is not"
        )
    if UPDATED not in compared:
        return "PkgStatus has no UpdateTime here, so nothing tells whether the row came back meanwhile"
    was = ours[0].values
    if (was[VERSION], was[STATUS]) != (row.version_after, row.status_after):
        return (
            f"its copy in the backup table has version {was[VERSION]}, status {was[STATUS]}, and not version"
            f" {row.version_after}, status {row.status_after}"
        )
    return _difference(was, now, compared)


def _difference(was: Values, now: Values, compared: Mapping[str, str]) -> str:
    first = [UPDATED, *(name for name in compared if name != UPDATED)]
    name = next((each for each in first if not _is_same(was[each], now[each])), None)
    if name is None:
        return ""
    return f"its {compared[name]} reads {told(now[name])} and not {told(was[name])}: it was changed since its reset"


def _is_older(copy: BackupCopy, ours: BackupCopy, older: Collection[str]) -> bool:
    if copy.request_id in older:
        return True
    one, other = copy.made_at, ours.made_at
    try:
        return bool(one and other and one < other)
    except TypeError:  # moments of two types, or with and without a zone
        return False


def _is_same(one: object, other: object) -> bool:
    """Fixed-width texts come padded. What a backup table keeps in a type that cannot be compared is not the same."""
    if isinstance(one, str) and isinstance(other, str):
        return one.rstrip() == other.rstrip()
    return one == other


def told(value: object) -> str:
    """Return a value of a column in words."""
    return "nothing" if value is None or value == "" else str(value)[:80]
