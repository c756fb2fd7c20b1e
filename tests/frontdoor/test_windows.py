"""Windows that Slack does not open, or that are closed before they are filled: a sentence, and nothing broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.refusal import Reason, Refusal
from bot.views.replies import refused
from tests.frontdoor.resets import QUICK, wait_for_form
from tests.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stage import Json


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Yield a stage with a bot."""
    with Stage(tmp_path_factory.mktemp("stage"), clockwork=QUICK) as stage:
        stage.start_bot()
        yield stage


@pytest.fixture
def table(stage: Stage) -> Json:
    """Return an answer with the button that opens the form."""
    return stage.ask("ada", "PS100112 dp:LON-DP01")


@pytest.mark.parametrize(
    "fault",
    [
        {"error": "invalid_arguments"},
        {"error": "view_too_large"},
        {"error": "push_limit_reached"},
        {"error": "missing_scope"},
        {"error": "an_error_that_slack_invents_tomorrow"},
        {"status": 500},
        {"status": 503},
    ],
    ids=lambda fault: next(iter(fault.values())),
)
def test_a_form_that_slack_does_not_open_is_told_as_that(stage: Stage, table: Json, fault: dict[str, Any]) -> None:
    stage.faults("views.open", **fault)

    stage.click("ada", table, "status_request")

    assert stage.answer_to("ada")["text"] == refused(Refusal(Reason.NOT_OPENED)).text
    assert "Traceback" not in stage.log()


def test_whoever_closes_the_window_before_it_is_filled_hears_of_no_failure(stage: Stage, table: Json) -> None:
    stage.faults("views.update", error="not_found")

    stage.click("ada", table, "status_request")

    stage.wait_for(lambda: '"kind": "status_request", "text": "PS1 PS100112 dp:LON-DP01", "outcome"' in stage.log())
    assert stage.responder("ada") == []
    stage.do("close", user="ada", all=True)
    stage.click("ada", table, "status_request")
    wait_for_form(stage, "ada")
