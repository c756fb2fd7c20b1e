"""The edge to the bot's own database: ledger, outbox, inbox, snapshots, leases, request index and drift history.

Protocols and values only; bot/store implements them, and each protocol names its class. A `Step` that one part adds to
the transaction of a ledger entry is opaque to use cases: they pass it on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from bot.domain.ledger_entry import Entry

if TYPE_CHECKING:
    from datetime import date, datetime

    from bot.domain.chain import Break
    from bot.domain.digest import SiteSeen
    from bot.domain.drift_classes import DriftClass
    from bot.domain.drift_history import DriftEpisode, Group
    from bot.domain.ledger_entry import Draft, Head
    from bot.domain.package import PackageId, SiteCode
    from bot.domain.pending_post import PendingPost
    from bot.domain.request import Request, Stage
    from bot.domain.site_error_kind import SiteErrorKind

Step: TypeAlias = Callable[[Any, Entry], None]
"""A piece of writing that commits together with an entry, or undoes it by raising."""


class StoreErrorKind(StrEnum):
    """Why the bot's own database did not do what it was asked."""

    UNREACHABLE = "unreachable"
    DAMAGED = "damaged, or no database at all"
    CERTIFICATE = "certificate"
    LOGIN = "login"
    PERMISSION = "permission"
    SCHEMA = "schema"
    BUSY = "busy with those who were to write first"
    LOCKED = "locked by somebody else for too long"
    DEADLOCK = "the loser of a deadlock"
    TIMEOUT = "too slow with a statement"
    FULL = "full"
    READ_ONLY = "read-only"
    NEWER = "newer than this program"
    DRIVER = "driver"
    OTHER = "other"


class StoreError(Exception):
    """Nothing was written; `detail` is for the log only. A link lost during a commit is the one case left in doubt."""

    def __init__(self, kind: StoreErrorKind, detail: str) -> None:
        super().__init__(f"store: {kind}: {detail}")
        self.kind = kind
        self.detail = detail


class StaleStream(Exception):
    """The stream has moved on since the decision was made: nothing was written, decide again."""

    def __init__(self, stream: str, decided_on: int, current: int) -> None:
        super().__init__(f"{stream}: decided on version {decided_on}, which is {current} by now")
        self.stream = stream
        self.decided_on = decided_on
        self.current = current


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that an entry causes beside its audit line; the destination is a channel id or a user id."""

    destination: str
    payload: Mapping[str, Any]


class Ledger(Protocol):
    """The append-only record. Every method raises StoreError. Implemented by bot.store.ledger.LedgerTable."""

    def append(self, draft: Draft, notices: Iterable[Notification] = (), also: Iterable[Step] = ()) -> Entry:
        """Record one draft with its audit line, its notices and the steps of other ports. Raises StaleStream."""

    def append_all(
        self, drafts: Sequence[Draft], notices: Iterable[Notification] = (), also: Iterable[Step] = ()
    ) -> Sequence[Entry]:
        """Record several drafts together or not at all; notices and steps belong to the last. Raises StaleStream."""

    def head(self) -> Head:
        """Return number and hash of the newest entry."""

    def stream(self, name: str) -> Sequence[Entry]:
        """Read all entries of one stream, oldest first."""

    def changed_since(self, head: Head) -> Collection[str] | None:
        """Return the streams that have grown since a head was read; None when that head is not of this ledger."""

    def entry(self, sequence: int) -> Entry | None:
        """Read one entry; None when there is none with this sequence."""

    def entries(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[Entry]:
        """Read entries as they come, oldest first, recorded at or after `since` and before `until`."""

    def verify(self, *heads: Head) -> Break | None:
        """Check the whole chain against itself, the outbox and the heads that were kept elsewhere."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something to tell Slack: the audit line of its entry if there is no payload, else a notice."""

    number: int
    destination: str
    payload: Mapping[str, Any] | None
    entry: Entry
    was_tried: bool = False
    """It was posted before and nobody knows with what outcome, so it may stand in the channel already."""
    is_ours: bool = True
    """Whether the bot itself wrote it; if not, what it says is withheld."""
    trouble: str = ""
    """Why it cannot be read as it was put there; its payload is then empty, and its entry may hold anything."""


@dataclass(frozen=True, slots=True)
class PostRecord:
    """Where in Slack something was told; a gap is a notice that stands where Slack refused the message for good."""

    sequence: int
    number: int
    channel: str
    ts: str
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much is still untold, and since when."""

    count: int
    oldest_at: datetime | None


class Outbox(Protocol):
    """Messages that wait to be posted, in ledger order per destination. Every method raises StoreError.

    Implemented by bot.store.outbox.OutboxTable.
    """

    def destinations(self) -> Sequence[str]:
        """Return the destinations something is pending for, the longest waiting first."""

    def pending(self, destination: str, limit: int = 50, since: int = -(2**63)) -> Sequence[Delivery]:
        """Read the oldest pending deliveries of a destination from a sequence on; at least one if there is any."""

    def notices(self, destination: str) -> Sequence[Delivery]:
        """Read every pending notice of a destination, oldest first, without its audit lines."""

    def attempt(self, deliveries: Iterable[Delivery], *, failed: bool = False) -> None:
        """Note that these are about to be posted, or that this certainly `failed`."""

    def mark_sent(self, deliveries: Iterable[Delivery], channel: str, ts: str, *, is_gap: bool = False) -> None:
        """Note that these were told by one message, or by its gap notice; what was settled before stays as it was."""

    def mark_sent_step(self, deliveries: Sequence[Delivery], channel: str, ts: str, *, is_gap: bool) -> Step:
        """Make the step that does what `settle` does, together with an entry."""

    def backlog(self, destination: str) -> Backlog:
        """Say how far behind a destination is."""

    def delivered_at(self, destination: str) -> datetime | None:
        """Return when the newest of what was told to a destination was told; None before anything was."""

    def posts(self, destination: str) -> Iterator[PostRecord]:
        """Read where things for a destination were told, in ledger order."""


@dataclass(frozen=True, slots=True)
class InboxItem:
    """Something that came in from Slack and has not been answered; the key is Slack's own id.

    One that is not ours, because it does not bear the bot's own mark, has an empty body.
    """

    key: str
    kind: str
    body: Mapping[str, Any]
    received_at: datetime
    is_ours: bool = True


class Inbox(Protocol):
    """Inbound requests that must be answered once. Every method raises StoreError.

    Implemented by bot.store.inbox.InboxTable.
    """

    def put(self, key: str, kind: str, body: Mapping[str, Any]) -> bool:
        """Keep an item, in this process's hands; False if it was seen before."""

    def done(self, key: str) -> None:
        """Note that nothing more is owed for an item; that is final."""

    def is_pending(self, key: str) -> bool:
        """Whether an item still waits for an answer by this process: look before it is given."""

    def holders(self) -> Sequence[str]:
        """Return the other processes that have unanswered items in their hands, dead or alive."""

    def claim(self, holder: str) -> Sequence[InboxItem]:
        """Take over what another process left unanswered, oldest first; two that try share nothing."""

    def purge(self, before: datetime) -> None:
        """Forget answered items that came in before a moment."""


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """An answer as it is kept for paging."""

    at: datetime
    row_count: int
    body: str


class SnapshotStore(Protocol):
    """Keeps answers for every process that shares the store. Every method raises StoreError.

    Implemented by bot.store.snapshots.SnapshotTable.
    """

    def put(self, key: str, stored: StoredSnapshot, since: datetime, most_rows: int) -> None:
        """Keep an answer; what was kept before `since`, and the oldest beyond `most_rows`, are forgotten."""

    def find(self, key: str) -> StoredSnapshot | None:
        """Return what is kept under a key, however old; None when there is nothing."""


class Leases(Protocol):
    """One holder per name, without comparing clocks of two hosts. `hold` and `release` raise StoreError.

    Implemented by bot.store.leases.LeaseTable.
    """

    def hold(self, name: str) -> bool:
        """Take, keep or watch a lease; call it every third of the lease's length. True while it is ours."""

    def holds(self, name: str) -> bool:
        """Whether the lease is certainly still ours, without asking the database: look before each effect."""

    def release(self, name: str) -> None:
        """Give a lease up, so that another can take it at once."""


CARD = "card"
"""A notice with this key is a card to be drawn from its request's state when it is sent."""
POSTED = "posted"
"""A notice with this key tells the requester where the card is."""
REPLACED = "replaced"
"""A notice with this key and a `ts` redraws an earlier card of a request, which nobody can decide on any more."""
THREAD = "thread"
"""A notice with this key goes into the thread under a request's card."""


class RowsHeld(Exception):
    """Another open request holds one of the rows: nothing was written."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"held by request {request_id}")
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class Card:
    """Where a request's card is."""

    channel: str
    ts: str
    link: str


class RequestIndex(Protocol):
    """Finds requests without reading the whole ledger. Every method raises StoreError.

    Implemented by bot.store.request_index.RequestTable.
    """

    def follow(self, request: Request) -> Step:
        """Make the step that notes where a request stands and holds or frees its rows; it raises RowsHeld."""
        ...

    def place_card(self, request_id: str, card: Card) -> Step:
        """Make the step that notes where a request's card is."""
        ...

    def card(self, request_id: str) -> Card | None:
        """Return where a request's card is, or None before it was posted."""
        ...

    def request_at(self, channel: str, ts: str) -> str | None:
        """Return the request whose card a message is, or None."""
        ...

    def in_stages(self, stages: Collection[Stage], limit: int | None = None) -> Sequence[str]:
        """Return the ids of requests in these stages, newest first."""
        ...

    def of_package(self, package_id: PackageId, limit: int | None = None) -> Sequence[str]:
        """Return the ids of a package's requests, newest first."""
        ...


DIGEST = "digest"
"""A notice with this key is a digest: its values were fixed when it was due, it is drawn when it is sent."""
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How many rows of a package were in a class in a site's last scan of a day."""

    package_id: PackageId
    drift_class: DriftClass
    count: int


class DriftHistory(Protocol):
    """What scans saw, and when the bot saw it first. Every method raises StoreError.

    Implemented by bot.store.drift_history.DriftTables.
    """

    def sites(self) -> Sequence[SiteSeen]:
        """Return when each site was last read through, and what hindered a newer attempt."""
        ...

    def episodes(self, site: SiteCode) -> Sequence[DriftEpisode]:
        """Read the rows of a site that are not in sync, or ended since its last finished scan, as written so far."""
        ...

    def known(self, site: SiteCode, package_id: PackageId) -> Sequence[DriftEpisode]:
        """Read the rows of a package that the site's last finished scan saw not in sync."""
        ...

    def write(self, put: Sequence[DriftEpisode], drop: Sequence[DriftEpisode]) -> None:
        """Write episodes as they are now, and forget others; in pieces, so that nobody waits long for the store."""
        ...

    def finish(self, site: SiteCode, at: datetime, tallies: Sequence[ClassCount]) -> None:
        """Note that a scan is whole, and the first if it is: all that was written for it counts from now on."""
        ...

    def fail(self, site: SiteCode, at: datetime, trouble: SiteErrorKind) -> None:
        """Note that a site could not be read through; what was known of it stays."""
        ...

    def groups(self, since: datetime | None) -> Sequence[Group]:
        """Count all rows that are not in sync, and those whose episode ended after `since`, as written so far."""
        ...

    def rows(self, group: Group) -> Sequence[DriftEpisode]:
        """Read the rows of a group, in a fixed order."""
        ...

    def servers(self, packages: Collection[PackageId] | None) -> Mapping[tuple[SiteCode, str], int]:
        """Count the drifted rows of each distribution point; None for all packages."""
        ...

    def names(self) -> Mapping[tuple[SiteCode, PackageId], str]:
        """Return the names of all packages that ever had a row here, at each site."""
        ...

    def days(self, site: SiteCode, since: date) -> Mapping[date, Sequence[ClassCount]]:
        """Return what the last scan of each day counted; a day (UTC) without a scan is not there."""
        ...

    def purge(self, before: datetime) -> None:
        """Forget episodes that ended, and days that were over, before a moment."""
        ...


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """The bot's own database; no version means that it is yet to be made, `lacking` are rights that the bot needs."""

    engine: str
    known_version: int
    version: int | None = None
    entries: int = 0
    broken: str = ""
    missing_rights: tuple[str, ...] = ()
    waiting: tuple[PendingPost, ...] = ()
    """The cards and digests that Slack does not take, or not yet."""


class StoreInspector(Protocol):
    """Looks at the store without migrating it. Raises StoreError.

    Implemented by bot.store.store_inspector.StoreInspection.
    """

    def look(self) -> StoreFacts:
        """Return what is there."""
        ...
