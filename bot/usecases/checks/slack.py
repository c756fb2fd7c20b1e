"""Looks at the tokens, the scopes, the channels, and whether Slack takes what the bot draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain.check_finding import Area, Finding, Severity
from bot.domain.quantity import quantity
from bot.usecases.ports.slack import SlackQueryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.usecases.ports.slack import ChannelFacts, Workspace

FROM_OAUTH_PAGE = "Copy the bot token (xoxb-) from OAuth & Permissions into PKGSTATUS_SLACK__BOT_TOKEN."
FROM_BASIC_INFORMATION = (
    "Generate an app-level token (xapp-) with connections:write under Basic Information, switch Socket Mode on, "
    "and set PKGSTATUS_SLACK__APP_TOKEN."
)
ADDRESS = (
    "Let PKGSTATUS_SLACK__API_URL name the Web API itself: Slack's is https://slack.com/api/, and most others end with "
    "/api/ too."
)
ONE_WORKSPACE = "Install the app to one workspace of the organisation, and copy the bot token of there."
NETWORK = "Check the network, the proxy, and PKGSTATUS_SLACK__API_URL."
SCOPES = "Paste manifest.yml under App Manifest, save, and reinstall the app to the workspace."


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a channel is for; where it may not be shared outside, sharing it is wrong.

    `is_crowded` says that what the channel is for gets lost there among what else the bot posts into it.
    """

    name: str
    setting: str
    channel_id: str
    is_confidential: bool = True
    is_crowded: bool = False


@dataclass(frozen=True, slots=True)
class SlackCheck:
    """Asks Slack; `scopes` maps what is needed to what it is needed for, `samples` are messages by name."""

    workspace: Workspace
    scopes: Mapping[str, str]
    purposes: tuple[Purpose, ...]
    samples: Mapping[str, Mapping[str, Any]]

    def findings(self) -> Iterator[Finding]:
        """Look at tokens and scopes, then at what only a good token can see."""
        try:
            identity = self.workspace.identity()
        except SlackQueryError as said:
            yield _refused("bot token", said, FROM_OAUTH_PAGE)
            yield self._app_token()
            return
        where = f"accepted: {identity.user} in {identity.team} ({identity.team_id})"
        if identity.is_org_wide:
            sentence = f"is for the whole organisation {identity.team}, and the bot works in one workspace"
            yield Finding(Area.SLACK, Severity.WRONG, "bot token", sentence, ONE_WORKSPACE)
            yield self._app_token()
            return
        yield Finding(Area.SLACK, Severity.GOOD, "bot token", where)
        yield self._app_token(identity.app_id)
        yield from self._scopes(identity.scopes)
        yield from self._drawings()
        for purpose in self.purposes:
            yield from self._channel(purpose)

    def _app_token(self, bot_app: str = "") -> Finding:
        try:
            app = self.workspace.open_connection()
        except SlackQueryError as said:
            return _refused("app token", said, FROM_BASIC_INFORMATION)
        if app and bot_app and app != bot_app:
            sentence = f"is of the app {app}, and the bot token is of {bot_app}: no button would work"
            return Finding(
                Area.SLACK, Severity.WRONG, "app token", sentence, "Copy both tokens from one and the same app."
            )
        return Finding(Area.SLACK, Severity.GOOD, "app token", "accepted: Socket Mode is open")

    def _scopes(self, granted: frozenset[str] | None) -> Iterator[Finding]:
        if granted is None:
            yield Finding(Area.SLACK, Severity.UNKNOWN, "scopes", "Slack did not say which ones are granted")
            return
        missing = [scope for scope in self.scopes if scope not in granted]
        for scope in missing:
            sentence = f"not granted, but needed for {self.scopes[scope]}"
            yield Finding(Area.SLACK, Severity.WRONG, f"scope {scope}", sentence, SCOPES)
        more = sorted(granted - self.scopes.keys())
        if more:
            sentence = f"more are granted than the bot uses: {', '.join(more)}"
            yield Finding(Area.SLACK, Severity.WARNING, "scopes", sentence, SCOPES)
        elif not missing:
            yield Finding(Area.SLACK, Severity.GOOD, "scopes", "exactly those of manifest.yml")

    def _drawings(self) -> Iterator[Finding]:
        """Show Slack one of each; what it takes is one line together."""
        taken = 0
        for name, message in self.samples.items():
            try:
                violations = self.workspace.violations(message)
            except SlackQueryError as said:
                shapes = quantity(len(self.samples), "shape")
                looked = f"Slack looked at {taken} of {shapes} only" if taken else "Slack looked at none"
                yield Finding(Area.SLACK, Severity.UNKNOWN, "messages", f"{looked}: {said.error}")
                return
            taken += not violations
            if violations:
                cure = "Set PKGSTATUS_ANSWERS__TABLES to a form that Slack takes: data_table, table or text."
                if "type" in message:
                    cure = "Take a newer version of the bot, or tell its authors: it cannot be drawn in another form."
                yield Finding(Area.SLACK, Severity.WARNING, name, f"Slack would refuse it: {violations[0]}", cure)
        if taken:
            yield Finding(
                Area.SLACK,
                Severity.GOOD,
                "messages",
                f"Slack would take {taken} of {quantity(len(self.samples), 'shape')}",
            )

    def _channel(self, purpose: Purpose) -> Iterator[Finding]:
        subject = f"{purpose.name} {purpose.channel_id}"
        try:
            facts = self.workspace.channel(purpose.channel_id)
        except SlackQueryError as said:
            yield _unseen(purpose, subject, said)
            return
        faults = list(_faults(purpose, facts))
        yield from (Finding(Area.CHANNELS, mark, subject, sentence, cure) for mark, sentence, cure in faults)
        if not faults:
            yield Finding(Area.CHANNELS, Severity.GOOD, subject, f"#{facts.name}: the bot is in it")


def _faults(purpose: Purpose, facts: ChannelFacts) -> Iterator[tuple[Severity, str, str]]:
    if facts.is_archived:
        yield (
            Severity.WRONG,
            f"#{facts.name} is archived",
            f"Unarchive it, or set {purpose.setting} to another channel.",
        )
    elif not facts.has_bot:
        yield Severity.WRONG, f"the bot is not in #{facts.name}", "Type /invite @pkgstatus in that channel."
    if facts.is_shared:
        mark = Severity.WRONG if purpose.is_confidential else Severity.WARNING
        sentence = f"#{facts.name} is shared with another workspace, whose people read along"
        yield mark, sentence, f"Set {purpose.setting} to a channel that is not shared."
    if purpose.is_crowded:
        sentence = f"#{facts.name} is for approvals too, so requests may get lost among digests"
        yield Severity.WARNING, sentence, f"Set {purpose.setting} to another channel."


def _unseen(purpose: Purpose, subject: str, said: SlackQueryError) -> Finding:
    if said.error == "channel_not_found":
        cure = f"Copy the id from the channel's details into {purpose.setting}; /invite @pkgstatus if it is private."
        return Finding(Area.CHANNELS, Severity.WRONG, subject, "there is no such channel that the bot can see", cure)
    cure = SCOPES if said.error == "missing_scope" else NETWORK
    return Finding(Area.CHANNELS, Severity.WRONG, subject, f"Slack does not show it: {said.error}", cure)


def _refused(subject: str, said: SlackQueryError, cure: str) -> Finding:
    if not said.is_api:
        return Finding(Area.SLACK, Severity.WRONG, subject, f"no Web API of Slack answers there: {said.error}", ADDRESS)
    if said.is_reached:
        return Finding(Area.SLACK, Severity.WRONG, subject, f"Slack refused it: {said.error}", cure)
    return Finding(Area.SLACK, Severity.WRONG, subject, f"Slack cannot be reached: {said.error}", NETWORK)
