"""The checks of an installation, made from whatever of its settings is valid."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.app.factories import (
    allowed_people,
    chart_forms,
    now,
    posting_channels,
    site_timeouts,
    table_forms,
    upkeep_timeouts,
)
from bot.dbapi import Database
from bot.dbapi.engines import SQLITE
from bot.domain.check_finding import Area, Finding, Severity
from bot.domain.cron_periods import Cron
from bot.domain.package import SiteCode
from bot.logs import redacted
from bot.settings.odbc_strings import is_unknown, trusts_anybody, unencrypted
from bot.site.login_inspector import SiteLoginInspector
from bot.slack.inspector import SlackInspector
from bot.slack.people import CachedPeople, SlackPeople
from bot.slack.responder import payload_of
from bot.slack.web_client import create_client
from bot.slack.workspace import SCOPES
from bot.store.store_inspector import StoreInspection
from bot.usecases.access import Installation
from bot.usecases.checks.access_lists import PeopleCheck
from bot.usecases.checks.digests import DigestCheck, Timetable
from bot.usecases.checks.sites import TRUST, SiteCheck
from bot.usecases.checks.slack import Purpose, SlackCheck
from bot.usecases.checks.store import StoreCheck
from bot.usecases.ports.slack import SlackQueryError
from bot.views.block_kit import Message
from bot.views.sample_blocks import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from bot.settings import Settings
    from bot.settings.sources import SettingsReport


def run_checks(settings_report: SettingsReport) -> Iterator[Finding]:
    """Run every check; one that needs an invalid setting is reported as not done."""
    yield from _settings(settings_report)
    for area, needed, findings in (
        (Area.SLACK, {"slack", "channels", "digests", "answers"}, _slack),
        (Area.PEOPLE, {"slack", "approvers", "requesters", "viewers", "approvals"}, _people),
        (Area.SITES, {"sites", "reset", "work"}, _sites),
        (Area.STORE, {"store", "work"}, partial(_store, settings_report.lacking)),
        (Area.DIGESTS, {"digests", "channels"}, _digests),
    ):
        yield from _section(settings_report, area, needed, findings)


def _section(
    settings_report: SettingsReport, area: Area, needed: set[str], findings: Callable[[Settings], Iterator[Finding]]
) -> Iterator[Finding]:
    missing = sorted(f"PKGSTATUS_{name.upper()}" for name in needed & settings_report.lacking)
    if missing:
        yield Finding(area, Severity.UNKNOWN, "not looked at", f"because of what is wrong with {', '.join(missing)}")
    else:
        yield from findings(settings_report.settings)


def _settings(settings_report: SettingsReport) -> Iterator[Finding]:
    wrong = set()
    for line in settings_report.mistakes:
        name, _, sentence = line.partition(" ")
        wrong.add(name)
        yield Finding(Area.SETTINGS, Severity.WRONG, name, sentence)
    for origin in settings_report.origins:
        if origin.name not in wrong:
            shown = redacted(origin.shown) or "(not shown)"
            yield Finding(Area.SETTINGS, Severity.GOOD, origin.name, f"{shown}, from {origin.source}")


def _slack(settings: Settings) -> Iterator[Finding]:
    workspace = SlackInspector(create_client(settings), settings.slack.app_token.get_secret_value())
    choice = settings.answers.tables
    shapes = {
        name: payload_of(shape) if isinstance(shape, Message) else shape
        for name, shape in samples(table_forms(choice), chart_forms(choice))
    }
    yield from SlackCheck(workspace, SCOPES, tuple(_purposes(settings)), shapes).findings()


def _purposes(settings: Settings) -> Iterator[Purpose]:
    channels = settings.channels
    yield Purpose("approvals", "PKGSTATUS_CHANNELS__APPROVALS", channels.approvals)
    yield Purpose("audit", "PKGSTATUS_CHANNELS__AUDIT", channels.audit)
    places = [("digest", "PKGSTATUS_CHANNELS__DIGEST", channels.digest)]
    places += [(f"digest {digest.name}", "PKGSTATUS_DIGESTS", digest.channel) for digest in settings.digests]
    for name, setting, channel in places:
        if channel:
            is_crowded = channel == channels.approvals
            yield Purpose(name, setting, channel, is_confidential=False, is_crowded=is_crowded)


def _people(settings: Settings) -> Iterator[Finding]:
    client = create_client(settings)
    try:
        identity = SlackInspector(client, "").identity()
    except SlackQueryError:
        yield Finding(Area.PEOPLE, Severity.UNKNOWN, "not looked at", "because Slack does not let the bot in")
        return
    if identity.is_org_wide:
        yield Finding(Area.PEOPLE, Severity.UNKNOWN, "not looked at", "because the bot token is of no single workspace")
        return
    named = {
        "approvers": allowed_people(settings.approvers),
        "requesters": allowed_people(settings.requesters),
        "viewers": allowed_people(settings.viewers),
    }
    people = CachedPeople(SlackPeople(client), now)
    here = Installation(identity.team_id, identity.enterprise_id)
    rule = settings.approvals
    yield from PeopleCheck(here, people, named, rule.requester_counts, rule.quorum).findings()


def _sites(settings: Settings) -> Iterator[Finding]:
    for code, site in settings.sites.items():
        reader, writer = site.database.get_secret_value(), (site.writer or site.database).get_secret_value()
        yield from _link(Area.SITES, f"{code} link", reader)
        if writer != reader:
            yield from _link(Area.SITES, f"{code} writer's link", writer)
        timeouts = site_timeouts(settings)
        logins = SiteLoginInspector(
            SiteCode(code),
            Database(reader, timeouts),
            Database(writer, timeouts),
            settings.reset.backup_table,
            now,
            is_same=reader == writer,
        )
        yield from SiteCheck(logins).findings()
        logins.close()


def _link(area: Area, subject: str, address: str) -> Iterator[Finding]:
    """Yield what is insecure about the link to a database."""
    if address.startswith(SQLITE):
        return
    if why := unencrypted(address):
        sentence = f"it may go unencrypted to another machine, as the settings allow: it {why.partition(';')[0]}"
        yield Finding(area, Severity.WARNING, subject, sentence, "Encrypt it, if the server can.")
    elif is_unknown(address):
        sentence = "what it asks for stands in a file of ODBC, so it is not known whether it is encrypted"
        yield Finding(area, Severity.UNKNOWN, subject, sentence)
    if trusts_anybody(address):
        sentence = "it trusts any certificate, so whoever is between can read the login"
        yield Finding(area, Severity.WARNING, subject, sentence, f"{TRUST}, and leave TrustServerCertificate out.")


def _store(lacking: Collection[str], settings: Settings) -> Iterator[Finding]:
    yield from _link(Area.STORE, "store's link", settings.store.get_secret_value())
    channels = frozenset[str]() if {"channels", "digests"} & set(lacking) else posting_channels(settings)
    look = StoreInspection(settings.store.get_secret_value(), now, upkeep_timeouts(settings), channels)
    yield from StoreCheck(look).findings()


def _digests(settings: Settings) -> Iterator[Finding]:
    timetables = (
        Timetable(
            digest.name,
            Cron.parse(digest.cron),
            ZoneInfo(digest.timezone),
            digest.channel or settings.channels.digest or "",
        )
        for digest in settings.digests
    )
    yield from DigestCheck(tuple(timetables), now).findings()
