"""The settings of scans and digests, and the rules that digests must keep together."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bot.settings.field_types import ChannelId, CronLine, DigestName, Duration, Part, Pattern, SiteKey, ZoneName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Drift(Part):
    """When a difference counts as drift."""

    grace: Duration = Field(timedelta(hours=4), description="how long a change may take to arrive", examples=["4h"])
    job_age: Duration = Field(
        timedelta(days=1),
        description="how long a distribution job may stand still and count as moving",
        examples=["1d"],
    )
    scan_every: Duration = Field(
        timedelta(minutes=15), description="how often each site is read through", examples=["15min"]
    )


class DigestCatchUp(Part):
    """What holds for every digest."""

    catch_up: Duration = Field(
        timedelta(hours=6), description="how late a digest that was missed is still sent", examples=["6h"]
    )


class Digest(Part):
    """One scheduled digest."""

    name: DigestName = Field(description="the digest's name", examples=["morning"])
    cron: CronLine = Field(
        description="minute hour day month weekday, weekdays by name; all five must fit", examples=["0 8 * * mon-fri"]
    )
    timezone: ZoneName = Field(description="an IANA time zone", examples=["Europe/Zurich"])
    channel: ChannelId | None = Field(None, description="where it goes", examples=["C0OPS"])
    sites: frozenset[SiteKey] = Field(
        frozenset(), description="the sites it tells of, all if none is named", examples=['["PS1"]']
    )
    packages: Pattern | None = Field(
        None, description="a pattern on the id or name of the packages it tells of", examples=["BOOT*"]
    )


def fit_together(digests: Sequence[Digest], known: Mapping[str, Any]) -> None:
    """Check digests against each other and the settings read before them. Raises ValueError."""
    names = Counter(digest.name.casefold() for digest in digests)
    if any(count > 1 for count in names.values()):
        raise ValueError("has two digests of one name; give each a name of its own")
    channels, sites = known.get("channels"), known.get("sites")
    if channels and not channels.digest and not all(digest.channel for digest in digests):
        raise ValueError("has a digest without a channel; give it one, or set PKGSTATUS_CHANNELS__DIGEST")
    if sites is not None and not all(digest.sites <= sites.keys() for digest in digests):
        raise ValueError(f"names a site that PKGSTATUS_SITES has not; it has {', '.join(sorted(sites))}")
