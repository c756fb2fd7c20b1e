"""Every setting of the bot: its name, what it is for, an example, and what it may be.

Only shapes and checks; where values come from is in loading.py, how an error is worded in errors.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bot.domain.request import QUORUM
from bot.settings.digests import Digest, DigestCatchUp, Drift, fit_together
from bot.settings.field_types import (
    Address,
    ChannelId,
    Duration,
    GroupId,
    Listening,
    Part,
    SiteKey,
    TableName,
    UserId,
    WebAddress,
    WritableAddress,
    token,
    upper_keys,
)
from bot.settings.odbc_strings import is_read_only, unencrypted

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "PKGSTATUS_"
AT = "below"
"""The type of a mistake that is found by one setting in another below it, which its context names."""
SITE_DATABASE = (
    "Driver={ODBC Driver 18 for SQL Server};Server=cm01.contoso.com;Database=CM_PS1;Trusted_Connection=yes;Encrypt=yes"
)


class Slack(Part):
    """How to reach Slack."""

    bot_token: Annotated[SecretStr, token("xoxb-")] = Field(
        description="the bot token from OAuth & Permissions", examples=["xoxb-..."]
    )
    app_token: Annotated[SecretStr, token("xapp-")] = Field(
        description="the app-level token with connections:write, from Basic Information",
        examples=["xapp-..."],
    )
    api_url: WebAddress = Field(
        "https://slack.com/api/",
        description="Slack's Web API; another one for GovSlack or the demo",
        examples=["https://slack.com/api/"],
    )


class Channels(Part):
    """Channels by id (channel details, at the bottom)."""

    approvals: ChannelId = Field(description="where reset requests are voted on", examples=["C0APPROVALS"])
    audit: ChannelId = Field(description="where every action is told", examples=["C0AUDIT"])
    digest: ChannelId | None = Field(None, description="where digests go by default", examples=["C0OPS"])

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.approvals == self.audit:
            raise ValueError("names one channel for approvals and audit: make a channel for each")
        return self


class Site(Part):
    """One ConfigMgr site."""

    database: Address = Field(
        description="the site database, sqlite:///path or an ODBC connection string",
        examples=[SITE_DATABASE],
    )
    writer: WritableAddress | None = Field(
        None,
        description="the same database with the login that may reset rows; without it `database` is used",
        examples=[SITE_DATABASE],
    )

    @model_validator(mode="after")
    def _somewhere_to_write(self) -> Self:
        if self.writer is None and is_read_only(self.database.get_secret_value()):
            raise ValueError("says ApplicationIntent=ReadOnly in `database` and has no `writer`: add one without it")
        return self


def open_links(value: dict[str, Site] | SecretStr) -> Iterator[tuple[tuple[str, ...], str]]:
    """Return the links that are not sure to be encrypted: where below the setting, and why."""
    if isinstance(value, SecretStr):
        if why := unencrypted(value.get_secret_value()):
            yield (), why
        return
    for code, site in value.items():
        for name in ("database", "writer"):
            address: SecretStr | None = getattr(site, name)
            if address and (why := unencrypted(address.get_secret_value())):
                yield (code, name), why


class Approvers(Part):
    """Who may decide; somebody must be named, two people at least."""

    users: frozenset[UserId] = Field(frozenset(), description="user ids of approvers", examples=['["U012AB3CD"]'])
    groups: frozenset[GroupId] = Field(
        frozenset(), description="user group ids of approvers", examples=['["S012AB3CD"]']
    )

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if len(self.users) < QUORUM and not self.groups:
            raise ValueError(f"names fewer than two people; set {PREFIX}APPROVERS__USERS or {PREFIX}APPROVERS__GROUPS")
        return self


class People(Part):
    """A list of people; for viewers and requesters an empty one means any full member."""

    users: frozenset[UserId] = Field(frozenset(), description="user ids", examples=['["U012AB3CD"]'])
    groups: frozenset[GroupId] = Field(frozenset(), description="user group ids", examples=['["S012AB3CD"]'])


class Approvals(Part):
    """The two-person rule."""

    requester_counts: bool = Field(False, description="whether the requester may be one of the two", examples=["false"])
    expire_after: Duration = Field(
        timedelta(hours=4), description="how long a request waits for votes", examples=["4h"]
    )

    @property
    def quorum(self) -> int:
        """How many different approvers a request needs; no setting yet."""
        return QUORUM


class Reset(Part):
    """What a reset may touch."""

    rows: Literal["any", "site"] = Field("any", description="which rows may be reset: any, or site rows only")
    max_rows: int = Field(50, ge=1, le=500, description="the most rows of one request", examples=["50"])
    backup_table: TableName = Field(
        "dbo.PkgStatus_BU",
        description="the backup table, as schema.table or database.schema.table",
        examples=["dbo.PkgStatus_BU"],
    )


class Watch(Part):
    """How an applied reset is watched."""

    first_look: Duration = Field(timedelta(minutes=2), description="when to look first", examples=["2min"])
    stall_after: Duration = Field(timedelta(hours=24), description="when to call it stalled", examples=["24h"])
    give_up_after: Duration = Field(
        timedelta(days=14), description="when to end one that is stalled, and look no more", examples=["14d"]
    )

    @model_validator(mode="after")
    def _stalled_first(self) -> Self:
        if self.give_up_after <= self.stall_after:
            raise ValueError("gives up before a reset is called stalled: make give_up_after longer than stall_after")
        return self


def at_most_an_hour(value: timedelta) -> timedelta:
    """Check how far the audit channel may be behind while resets go on. Raises ValueError."""
    if value > timedelta(hours=1):
        raise ValueError("must be 1h or less, so that people read of a reset while they can still step in")
    return value


class Audit(Part):
    """How far the audit channel may be behind."""

    max_lag: Annotated[Duration, AfterValidator(at_most_an_hour)] = Field(
        timedelta(minutes=10), description="beyond this lag of the audit channel resets are paused", examples=["10min"]
    )


class Answers(Part):
    """How answers to /pkgstatus look."""

    visibility: Literal["channel", "caller"] = Field("channel", description="who sees a version table")
    tables: Literal["auto", "data_table", "table", "text"] = Field(
        "auto", description="the form of tables; auto tries the best that Slack takes"
    )


class Work(Part):
    """How much is done at once."""

    workers: int = Field(16, ge=1, le=64, description="questions answered at the same time", examples=["16"])
    waiting: int = Field(200, ge=0, le=5000, description="questions that may wait for a worker", examples=["200"])
    login_timeout: Duration = Field(
        timedelta(seconds=10), description="patience with a database login", examples=["10s"]
    )
    query_timeout: Duration = Field(timedelta(seconds=30), description="patience with a statement", examples=["30s"])
    store_timeout: Duration = Field(
        timedelta(seconds=1),
        description="patience with the bot's own database; Slack waits 3 s until a command is kept there",
        examples=["1s"],
    )
    store_upkeep_timeout: Duration = Field(
        timedelta(minutes=5),
        description="the same where nobody waits: changes of its tables, and the commands check, digest and ledger",
        examples=["5min"],
    )
    lease: Duration = Field(
        timedelta(seconds=15),
        description="after how long another process takes over from one that died",
        examples=["15s"],
    )
    drain: Duration = Field(timedelta(seconds=20), description="time to finish at a stop", examples=["20s"])


class Health(Part):
    """Pages for probes and metrics: /healthz, /readyz, /metrics."""

    address: Listening = Field(
        "127.0.0.1:9464",
        description="where the pages are served, like [::1]:9464 for IPv6, or off; port 0 takes a free one",
        examples=["127.0.0.1:9464"],
    )


class Logs(Part):
    """What the program prints about itself."""

    format: Literal["auto", "console", "json"] = Field(
        "auto", description="the form of a log line; auto is console on a terminal, else json"
    )
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least important level shown")


class Sections(BaseModel):
    """All settings together; the names are what follows `PKGSTATUS_` in the environment."""

    model_config = ConfigDict(defer_build=True)

    slack: Slack
    channels: Channels
    unencrypted_databases: bool = Field(
        False,
        description="whether a database on another machine may be reached without encryption",
        examples=["false"],
    )
    sites: Annotated[dict[SiteKey, Site], BeforeValidator(upper_keys), Field(min_length=1)] = Field(
        description="the site databases by site code",
        examples=['{"PS1": {"database": "' + SITE_DATABASE + '"}}'],
    )
    store: WritableAddress = Field(
        SecretStr("sqlite:///pkgstatus-bot.db"),
        description="the bot's own database, sqlite:///path or an ODBC connection string",
        examples=["sqlite:////var/lib/pkgstatus-bot/store.db"],
    )
    viewers: People = People()
    requesters: People = People()
    approvers: Approvers = Field(
        description="who may approve resets, at least two people", examples=['{"groups": ["S012AB3CD"]}']
    )
    approvals: Approvals = Approvals()
    reset: Reset = Reset()
    watch: Watch = Watch()
    audit: Audit = Audit()
    drift: Drift = Drift()
    digest: DigestCatchUp = DigestCatchUp()
    digests: tuple[Digest, ...] = Field(
        (),
        description="the scheduled digests",
        examples=['[{"name": "morning", "cron": "0 8 * * mon-fri", "timezone": "Europe/Zurich", "channel": "C0OPS"}]'],
    )
    answers: Answers = Answers()
    work: Work = Work()
    health: Health = Health()
    logs: Logs = Logs()

    @field_validator("sites", "store")
    @classmethod
    def _encrypted(cls, value: Any, known: ValidationInfo) -> Any:
        place, why = next(open_links(value), ((), ""))
        if why and not known.data.get("unencrypted_databases"):
            raise PydanticCustomError(AT, why, {"below": place})
        return value

    @field_validator("digests")
    @classmethod
    def _fit_together(cls, digests: tuple[Digest, ...], known: ValidationInfo) -> tuple[Digest, ...]:
        fit_together(digests, known.data)
        return digests
