"""Who is in the workspace: the team, the invented people of Contoso, their group and their channels.

The workspace may be one of an Enterprise Grid organisation: people then may have their home in a sister workspace.

Plain values that the control API may change for a test; no rule about what anybody may do lives here.
"""

from dataclasses import dataclass, field

from bot.demo.workspace.failure import Json

TEAM_ID = "T0CONTOSO"
TEAM_NAME = "Contoso"
TEAM_DOMAIN = "contoso"
ORG_NAME = "Contoso Group"
APP_ID = "A0PKGSTATUS"
BOT_ID = "B0PKGBOT"
BOT_USER_ID = "U0PKGBOT"
SLACKBOT_ID = "USLACKBOT"
BOT_TOKEN = "xoxb-contoso-demo"  # noqa: S105 - an invented token of an invented workspace
APP_TOKEN = f"xapp-1-{APP_ID}-1-contoso"
VERIFICATION_TOKEN = "contoso-verification"  # noqa: S105 - the same


@dataclass
class Place:
    """Where the app is installed, as Slack names it in answers and payloads."""

    team_id: str = TEAM_ID
    enterprise_id: str = ""
    app_id: str = APP_ID
    is_org_wide: bool = False
    """Installed for the whole organisation: interactions then name no workspace."""

    @property
    def enterprise(self) -> Json | None:
        """The organisation as interactions name it."""
        return {"id": self.enterprise_id, "name": ORG_NAME} if self.enterprise_id else None

    @property
    def team(self) -> Json | None:
        """The workspace as interactions name it."""
        if self.is_org_wide:
            return None
        org = {"enterprise_id": self.enterprise_id, "enterprise_name": ORG_NAME} if self.enterprise_id else {}
        return {"id": self.team_id, "domain": TEAM_DOMAIN, **org}


@dataclass
class Person:
    """A member, guest, stranger or bot, with the flags of Slack's user object."""

    id: str
    handle: str
    name: str
    color: str
    team_id: str = TEAM_ID
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_invited_user: bool = False
    deleted: bool = False
    teams: list[str] = field(default_factory=list)
    """The workspaces of the organisation that this person belongs to; their home is `team_id`."""
    global_id: str = ""
    """Their id in the whole organisation; empty for the same one as here."""
    has_root_team: bool = True
    """Whether their user object names a team beside its `enterprise_user`."""
    acts_as: str = ""
    """The id that payloads give them; empty for the one here."""
    acts_in: str = ""
    """The workspace that interactions say they are of; empty for their home."""

    @property
    def is_ours(self) -> bool:
        """Tell whether this person belongs to this workspace."""
        return TEAM_ID in (self.team_id, *self.teams)

    @property
    def is_guest(self) -> bool:
        """Tell whether this person is any kind of guest."""
        return self.is_restricted or self.is_ultra_restricted


@dataclass
class Channel:
    """A channel or a direct message with the bot."""

    id: str
    name: str
    members: list[str]
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    partner: str = ""
    """The person of a direct message; empty for a channel."""

    @property
    def is_im(self) -> bool:
        """Tell whether this is a direct message."""
        return bool(self.partner)


@dataclass
class Group:
    """A user group."""

    id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list)


def people() -> list[Person]:
    """Return the cast."""
    return [
        Person("U000000ADA", "ada", "Ada Lovelace", "9b5de5"),
        Person("U00000GRACE", "grace", "Grace Hopper", "f15bb5"),
        Person("U00000LINUS", "linus", "Linus Linden", "00a6a6"),
        Person("U0MARGARET", "margaret", "Margaret Hamilton", "ef8354"),
        Person("U000000GUS", "gus", "Gus Guest", "8d99ae", is_restricted=True),
        Person("U000000OLGA", "olga", "Olga Olsen", "2d6a4f", team_id="T0FABRIKAM"),
        Person(BOT_USER_ID, "pkgstatus", "pkgstatus", "1d3557", is_bot=True),
    ]


def channels() -> list[Channel]:
    """Return the channels everybody knows."""
    members = ["U000000ADA", "U00000GRACE", "U00000LINUS", "U0MARGARET", BOT_USER_ID]
    shared = [*members, "U000000GUS", "U000000OLGA"]
    return [
        Channel("C0SCCMOPS", "sccm-ops", shared, is_ext_shared=True),
        Channel("C0APPROVALS", "sccm-approvals", list(members)),
        Channel("C0SCCMAUDIT", "sccm-audit", list(members)),
    ]


def groups() -> list[Group]:
    """Return the user groups."""
    approvers = ["U00000GRACE", "U00000LINUS", "U0MARGARET"]
    return [Group("S0APPROVERS", "sccm-approvers", "SCCM approvers", approvers)]


def as_user(person: Person, place: Place) -> Json:
    """Return Slack's user object, in an organisation with what that knows of the person."""
    profile = {
        "real_name": person.name,
        "display_name": person.handle,
        "real_name_normalized": person.name,
        "display_name_normalized": person.handle,
        "team": person.team_id,
    }
    names = {"id": person.id, "team_id": person.team_id, "name": person.handle, "real_name": person.name}
    if not person.has_root_team:
        del names["team_id"]
    enterprise_user = {
        "id": person.global_id or person.id,
        "enterprise_id": place.enterprise_id,
        "enterprise_name": ORG_NAME,
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "teams": person.teams,
    }
    return {
        **names,
        **({"enterprise_user": enterprise_user} if person.teams else {}),
        "color": person.color,
        "deleted": person.deleted,
        "tz": "Europe/London",
        "tz_label": "Greenwich Mean Time",
        "tz_offset": 0,
        "profile": profile,
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": person.is_ultra_restricted,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "is_stranger": person.is_stranger,
        "is_invited_user": person.is_invited_user,
        "updated": 1_700_000_000,
    }


def as_conversation(channel: Channel) -> Json:
    """Return Slack's conversation object."""
    shared = {
        "is_ext_shared": channel.is_ext_shared,
        "is_shared": channel.is_ext_shared,
        "is_org_shared": False,
    }
    if channel.is_im:
        return {
            "id": channel.id,
            "created": 1_700_000_000,
            "is_im": True,
            "is_archived": channel.is_archived,
            "user": channel.partner,
            "is_user_deleted": False,
            **shared,
        }
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "created": 1_700_000_000,
        "creator": "U000000ADA",
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_general": False,
        "is_member": BOT_USER_ID in channel.members,
        "is_pending_ext_shared": channel.is_pending_ext_shared,
        "context_team_id": TEAM_ID,
        **shared,
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }
