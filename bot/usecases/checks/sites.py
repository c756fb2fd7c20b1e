"""Looks at a site's database: is it there, what may each login do, what may it do that it should not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.check_finding import Area, Finding, Severity
from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.ports.site import SiteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.usecases.ports.site import LoginFacts, SiteInspector

MOST_CLOCK_DIFFERENCE = timedelta(minutes=1)
TRUST = (
    "Configuration Manager's own certificate is self-signed: export “ConfigMgr SQL Server Identification Certificate” "
    "from the SQL Server and add it to the certificates that this machine trusts (Debian: a .crt file in "
    "/usr/local/share/ca-certificates, then update-ca-certificates), name the server as it does"
)
"""What makes a server's certificate trusted, the usual cause first."""
_CURES = {
    SiteErrorKind.DAMAGED: "Name a SQLite database in {setting}, or restore that file from a backup.",
    SiteErrorKind.UNREACHABLE: "Check server, port, database name and firewall in {setting}.",
    SiteErrorKind.CERTIFICATE: f"{TRUST}, or say TrustServerCertificate=yes in {{setting}}: it trusts anybody.",
    SiteErrorKind.LOGIN: "Check the login and its password in {setting}, and that it is a user of this database; with "
    "Trusted_Connection=yes its Kerberos ticket (klist), the server's SPN and this machine's clock.",
    SiteErrorKind.PERMISSION: "Have the DBA run {script}.",
    SiteErrorKind.SCHEMA: "Check that {setting} names a site database, and have the DBA run {script}.",
    SiteErrorKind.WRONG_DATABASE: "Resets stay refused until {setting} and its reader name the site's own database.",
    SiteErrorKind.TIMEOUT: "Look for locks, or raise PKGSTATUS_WORK__QUERY_TIMEOUT.",
    SiteErrorKind.DRIVER: "Install the ODBC driver that {setting} names; `odbcinst -q -d` lists those that are there.",
}
_ELSE = "The database's own words are in the sentence."
NO_FILE = ("there is no file ", "is a folder or a device, no SQLite file")
"""How a missing SQLite file is told; a site's is never made."""
READ_RIGHTS = "deploy/sql/reader.sqlserver.sql"
WRITE_RIGHTS = "deploy/sql/backup_table.sqlserver.sql and deploy/sql/writer.sqlserver.sql"


@dataclass(frozen=True, slots=True)
class SiteCheck:
    """Looks at one site with both of its logins."""

    inspector: SiteInspector

    def findings(self) -> Iterator[Finding]:
        """Look with the reader, then with the writer."""
        try:
            facts = self.inspector.reader()
        except SiteError as error:
            yield self._trouble("reader", error, "DATABASE", READ_RIGHTS)
            return
        yield from self._reader(facts)
        yield from self._surroundings(facts)
        yield from self._writer()

    def _reader(self, facts: LoginFacts) -> Iterator[Finding]:
        yield from self._owner("reader", facts, READ_RIGHTS)
        yield self._finding("reader", Severity.GOOD, f"{facts.engine} answers, and the package tables are readable")
        if facts.unread:
            sentence = f"not readable: {', '.join(facts.unread)}; answers will say so"
            yield self._finding("reader", Severity.WARNING, sentence, f"Have the DBA run {READ_RIGHTS}, if it may be.")
        if self.inspector.has_own_writer:
            yield from self._too_much("reader", facts, READ_RIGHTS)

    def _surroundings(self, facts: LoginFacts) -> Iterator[Finding]:
        if facts.is_case_sensitive:
            cure = "Check that this is a site database: Configuration Manager supports SQL_Latin1_General_CP1_CI_AS."
            sentence = f"{facts.collation} is case-sensitive, so typed names may not be found"
            yield self._finding("collation", Severity.WARNING, sentence, cure)
        elif facts.collation:
            keys = f"; keys are {', '.join(facts.key_types)}, and are looked for as that" if facts.key_types else ""
            yield self._finding("collation", Severity.GOOD, f"{facts.collation}{keys}")
        ahead = facts.clock_ahead
        if ahead is None:
            yield self._finding("clock", Severity.UNKNOWN, f"{facts.engine} does not tell its time")
        elif abs(ahead) > MOST_CLOCK_DIFFERENCE:
            way = "ahead of" if ahead > timedelta(0) else "behind"
            cure = "Synchronise both machines with the same time source."
            yield self._finding("clock", Severity.WARNING, f"{_minutes(ahead)} {way} this machine", cure)
        else:
            yield self._finding("clock", Severity.GOOD, "as on this machine")

    def _writer(self) -> Iterator[Finding]:
        name = "WRITER" if self.inspector.has_own_writer else "DATABASE"
        try:
            facts = self.inspector.writer()
        except SiteError as error:
            finding = self._trouble("writer", error, name, WRITE_RIGHTS)
            if self.inspector.has_own_writer:
                yield finding
            else:
                yield self._finding("writer", Severity.WARNING, f"no resets here: {finding.sentence}", finding.cure)
            return
        if facts.is_updatable is False:
            cure = f"Let {self._setting(name)} name the primary; leave ApplicationIntent=ReadOnly out."
            yield self._finding("writer", Severity.WRONG, "the database is read-only", cure)
            return
        yield self._finding("writer", Severity.GOOD, "may reset rows, with a backup; tried on no row and rolled back")
        if not self.inspector.has_own_writer and facts.excess_rights is not None:
            cure = f"Give {self._setting('WRITER')} a login of its own, and let the other one only read."
            yield self._finding("writer", Severity.WARNING, "the login that reads may also write", cure)
        if self.inspector.has_own_writer:
            yield from self._owner("writer", facts, WRITE_RIGHTS)
        yield from self._too_much("writer", facts, WRITE_RIGHTS)

    def _owner(self, login: str, facts: LoginFacts, script: str) -> Iterator[Finding]:
        code = self.inspector.code
        if facts.owner is None:
            sentence = f"it is not proved that this is the database of {code}: v_Identification does not tell"
            cure = f"Have the DBA run {script}, which grants SELECT on it."
            yield self._finding(login, Severity.UNKNOWN, sentence, cure)
        elif facts.owner.casefold() == code.casefold():
            yield self._finding(login, Severity.GOOD, f"this is the database of {code}, as it says itself")
        else:
            cure = f"Let {self._setting('DATABASE')} name the database of {code}."
            yield self._finding(login, Severity.WRONG, f"{facts.database} is the database of site {facts.owner}", cure)

    def _too_much(self, login: str, facts: LoginFacts, script: str) -> Iterator[Finding]:
        if facts.excess_rights is None:
            yield self._finding(login, Severity.GOOD, f"{facts.engine} has no logins whose rights could be too wide")
        elif facts.is_owner:
            cure = f"Use a login of its own, with the rights of {script} and no role."
            yield self._finding(login, Severity.WARNING, "owns the database, so it may do anything", cure)
        elif facts.excess_rights:
            cure = f"Have the DBA revoke that; {script} has all that is needed."
            yield self._finding(
                login, Severity.WARNING, f"may do more than it needs: {', '.join(facts.excess_rights)}", cure
            )
        else:
            yield self._finding(login, Severity.GOOD, "has no right that it does not need")

    def _trouble(self, login: str, error: SiteError, name: str, script: str) -> Finding:
        cure = _CURES.get(error.kind, _ELSE)
        if any(words in error.detail for words in NO_FILE):
            cure = "Check the path in {setting}: an absolute one begins with four slashes, like sqlite:////srv/site.db."
        cure = cure.format(setting=self._setting(name), script=script)
        return self._finding(login, Severity.WRONG, f"{error.kind}: {error.detail}", cure)

    def _setting(self, name: str) -> str:
        return f"PKGSTATUS_SITES__{self.inspector.code}__{name}"

    def _finding(self, what: str, mark: Severity, sentence: str, cure: str = "") -> Finding:
        return Finding(Area.SITES, mark, f"{self.inspector.code} {what}", sentence, cure)


def _minutes(difference: timedelta) -> str:
    minutes = round(abs(difference).total_seconds() / 60)
    return f"{minutes} min"
