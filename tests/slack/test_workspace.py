"""Which payloads are meant for this installation, and which app a token names."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.refusal import Reason
from bot.slack.workspace import app_of_token, is_org_wide, rejection_reason
from bot.usecases.access import Installation

case = pytest.param
PLAIN = Installation("T1", app_ids=frozenset({"A1"}))
IN_ORG = Installation("T1", "E1", frozenset({"A1"}))
UNKNOWN_APP = Installation("T1")
COMMAND = {"command": "/pkgstatus", "team_id": "T1", "api_app_id": "A1"}
CLICK = {"type": "block_actions", "team": {"id": "T1"}, "enterprise": None, "api_app_id": "A1"}
EVENT = {"type": "event_callback", "team_id": "T1", "api_app_id": "A1"}
ELSEWHERE = Reason.OTHER_WORKSPACE


@pytest.mark.parametrize(
    ("here", "body", "expected"),
    [
        case(PLAIN, COMMAND, None, id="a command"),
        case(PLAIN, CLICK, None, id="a click"),
        case(PLAIN, EVENT, None, id="an event"),
        case(PLAIN, CLICK | {"team": "T1"}, None, id="a team that is no object"),
        case(PLAIN, CLICK | {"view": {"app_installed_team_id": "T1", "team_id": "T2"}}, None, id="a view"),
        case(IN_ORG, COMMAND | {"enterprise_id": "E1"}, None, id="a command in the organisation"),
        case(IN_ORG, COMMAND, None, id="a command that names no organisation"),
        case(IN_ORG, CLICK | {"enterprise": {"id": "E1"}, "user": {"team_id": "T2"}}, None, id="a sister's person"),
        case(IN_ORG, CLICK | {"is_enterprise_install": True}, None, id="our workspace by an org-wide install"),
        case(
            IN_ORG,
            CLICK | {"view": {"app_installed_team_id": "E1"}, "is_enterprise_install": True},
            None,
            id="a view of an org-wide install in our workspace",
        ),
        case(UNKNOWN_APP, CLICK, None, id="an app that is not known"),
        case(PLAIN, COMMAND | {"team_id": "T2"}, ELSEWHERE, id="another workspace's command"),
        case(IN_ORG, COMMAND | {"team_id": "T2", "enterprise_id": "E1"}, ELSEWHERE, id="a sister's command"),
        case(PLAIN, CLICK | {"team": {"id": "T2"}}, ELSEWHERE, id="another workspace's click"),
        case(PLAIN, EVENT | {"team_id": "T2"}, ELSEWHERE, id="another workspace's event"),
        case(PLAIN, CLICK | {"view": {"app_installed_team_id": "T2"}}, ELSEWHERE, id="another workspace's view"),
        case(PLAIN, CLICK | {"enterprise": {"id": "E2"}}, ELSEWHERE, id="an organisation, and we are in none"),
        case(IN_ORG, CLICK | {"enterprise": {"id": "E2"}}, ELSEWHERE, id="another organisation's click"),
        case(IN_ORG, CLICK | {"enterprise": "E2"}, ELSEWHERE, id="an organisation that is no object"),
        case(IN_ORG, COMMAND | {"enterprise_id": "E2"}, ELSEWHERE, id="another organisation's command"),
        case(IN_ORG, CLICK | {"team": {"id": "T1", "enterprise_id": "E2"}}, ELSEWHERE, id="a team of another one"),
        case(PLAIN, CLICK | {"team": None}, ELSEWHERE, id="no workspace at all"),
        case(PLAIN, {}, ELSEWHERE, id="nothing"),
        case(IN_ORG, CLICK | {"team": None, "is_enterprise_install": True}, Reason.ORG_WIDE, id="an org-wide click"),
        case(PLAIN, COMMAND | {"team_id": "", "is_enterprise_install": "true"}, Reason.ORG_WIDE, id="as a text"),
        case(PLAIN, COMMAND | {"api_app_id": "A2"}, Reason.OTHER_APP, id="another app's command"),
        case(IN_ORG, COMMAND | {"team_id": "E1", "is_enterprise_install": "true"}, Reason.ORG_WIDE, id="only the org"),
        case(IN_ORG, CLICK | {"team": {"id": "E1"}}, ELSEWHERE, id="the organisation instead of a workspace"),
        case(IN_ORG, CLICK | {"team": {"id": "E2"}, "is_enterprise_install": True}, ELSEWHERE, id="another org"),
        case(PLAIN, CLICK | {"team": None, "user": {"id": "U1", "team_id": "T1"}}, ELSEWHERE, id="only the person's"),
        case(PLAIN, CLICK | {"api_app_id": "A2", "team": {"id": "T2"}}, Reason.OTHER_APP, id="all of it foreign"),
    ],
)
def test_a_payload_is_taken_only_if_all_that_it_names_is_ours(
    here: Installation, body: dict[str, Any], expected: Reason | None
) -> None:
    assert rejection_reason(here, body) == expected


@pytest.mark.parametrize(
    ("token", "app"),
    [("xapp-1-A0123ABCD-456-abcdef", "A0123ABCD"), ("xapp-test", ""), ("xapp-1-token-without-app", ""), ("", "")],
)
def test_an_app_level_token_names_its_app(token: str, app: str) -> None:
    assert app_of_token(token) == app


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"team_id": "T1", "is_enterprise_install": False}, False),
        ({"team_id": "T1", "enterprise_id": "E1"}, False),
        ({"team_id": "T1", "is_enterprise_install": True}, True),
        ({"team_id": "E1", "enterprise_id": "E1"}, True),
        ({"team_id": None, "enterprise_id": "E1"}, True),
        ({"team_id": None}, False),
        ({}, False),
    ],
)
def test_a_token_of_no_single_workspace_is_told_apart(found: dict[str, Any], expected: bool) -> None:  # noqa: FBT001
    assert is_org_wide(found) is expected
