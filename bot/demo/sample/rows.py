"""The sample as rows: for each table the tuples that fill it, in the table's own column order.

Moments are UTC text counted back from the `now` it is given; the same `now` always gives the same rows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain

from bot.demo.sample.big_site import BIG_SITES, big_site
from bot.demo.sample.copies import POINT_COPY, Copy, sample_copies, sample_targets
from bot.demo.sample.hierarchy import DOMAIN, POINTS, PRIMARY, PULLS_FROM, Point
from bot.demo.sample.packages import PACKAGES, Package
from bot.demo.sample.row_states import JOBS, MESSAGES, SAMPLE_STATES, UNSUCCESSFUL, RowStates

Row = tuple[str | int | None, ...]
Moment = Callable[[timedelta], str]
ERROR, INFORMATION = -1073741824, 1073741824
NO_PARTS = (None,) * 10
FIRST_KEY = 1 << 56  # the product counts from its site number in the high byte


def rows(now: datetime, count: int | None = None, states: RowStates = SAMPLE_STATES) -> Mapping[str, Iterable[Row]]:
    """Return the rows of each table by its name; with a count, of a site with that many DP rows."""
    ago = _moments(now)
    small = sum(copy.kind == POINT_COPY for copy in sample_copies())
    big = big_site(count or 0, small)
    points = (*POINTS, *big.points)
    return {
        "SMSData": [(PRIMARY.code, PRIMARY.name)],
        "SMSPackages": (_package(each, ago) for each in (*PACKAGES, *big.packages)),
        "PkgStatus": _statuses(chain(sample_copies(states), big.copies()), ago),
        "PkgServers": _targets(chain(sample_targets(), big.targets()), ago),
        "DistributionPoints": (
            (number, each.server, each.nal_path, each.site, 0) for number, each in enumerate(points, 1)
        ),
        "PullDPMap": ((f"{to}.{DOMAIN}", f"{source}.{DOMAIN}") for to, source in PULLS_FROM.items()),
        "DistributionJobs": _jobs(ago),
        "vSMS_DistributionDPStatus": _messages(ago),
        "PkgNotification": [("PS100042", 1, 1, ago(timedelta(minutes=1)))],
    }


def _moments(now: datetime) -> Moment:
    utc = now.astimezone(UTC)

    @cache
    def ago(age: timedelta) -> str:
        return (utc - age).strftime("%Y-%m-%d %H:%M:%S")

    return ago


def _package(package: Package, ago: Moment) -> Row:
    identity, version = package.package_id, package.version
    stored = version if package.stored_version is None else package.stored_version
    source = rf"\\files.{DOMAIN}\sources\{identity}" if package.has_content else ""
    size = (5_400_000 if package.kind >= 257 else 48_000) if package.has_content else 0  # noqa: PLR2004 - images
    changed = ago(package.changed)
    return (
        *(identity, package.name, f"{version}.0", "", "Contoso", "", source, "PS1", "", changed, stored, ""),
        *(package.source_flag, 1, 2, package.flags, version, changed, size, size * 3 // 5, 0),
        *(package.kind, 0),
    )


def _statuses(copies: Iterable[Copy], ago: Moment) -> Iterator[Row]:
    for key, (package_id, kind, site, server, holder, state) in enumerate(copies, FIRST_KEY + 1):
        head = (key, package_id, kind, site, holder, state.status, ago(state.age))
        if kind == POINT_COPY:
            signature = f"{package_id}.{state.version}"
            yield (
                *head,
                rf"\\{server}\SMSPKGD$\{package_id}" + "\\",
                "",
                f"http://{server}/SMS_DP_SMSPKG$/{package_id}",
                *(state.version, 0, 0, f"http://{server}/SMS_DP_SMSSIG$/{signature}", rf"\\{server}\SMSSIG$"),
            )
        else:
            yield (*head, rf"\\{server}\SMSPKG\{package_id}.PCK", "", "", state.version, 0, 0, "", "")


def _targets(targets: Iterable[tuple[Package, Point]], ago: Moment) -> Iterator[Row]:
    names = {site.code: site.name for site in BIG_SITES}
    for package, point in targets:
        refreshed = ago(package.changed)
        yield (package.package_id, point.nal_path, point.site, names[point.site], "PS1", refreshed, 0, 0, 0)


def _jobs(ago: Moment) -> Iterator[Row]:
    numbers = {point.host: number for number, point in enumerate(POINTS, 1)}
    for key, job in enumerate(JOBS, FIRST_KEY + 1):
        created, touched = ago(job.age), ago(job.age * 0.9)
        point = numbers[job.host]
        yield key, point, job.package_id, job.version, job.state, created, 2, 0, touched


def _messages(ago: Moment) -> Iterator[Row]:
    points = {point.host: (number, point) for number, point in enumerate(POINTS, 1)}
    for key, message in enumerate(MESSAGES, FIRST_KEY + 1):
        number, point = points[message.host]
        severity = ERROR if message.state == UNSUCCESSFUL else INFORMATION
        parts = (point.nal_path, *message.parts, *NO_PARTS)[: len(NO_PARTS)]
        yield (
            *(key, number, point.server, point.nal_path, message.package_id, message.number, 1, message.state, key),
            *(ago(message.age), point.site, severity, None, *parts),
        )
