"""Windows that Slack does not open, or that are closed before they are filled: a sentence, and nothing broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.refusal import Reason, Refusal
from bot.views.replies import refusal_message
from tests.frontdoor.resets import FAST_TIMING, wait_for_form
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness import Json


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Yield a harness with a bot."""
    with Harness(tmp_path_factory.mktemp("harness"), timing=FAST_TIMING) as harness:
        harness.start_bot()
        yield harness


@pytest.fixture
def table(harness: Harness) -> Json:
    """Return an answer with the button that opens the form."""
    return harness.ask("ada", "PS100112 dp:LON-DP01")


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
def test_a_form_that_slack_does_not_open_is_told_as_that(harness: Harness, table: Json, fault: dict[str, Any]) -> None:
    harness.faults("views.open", **fault)

    harness.click("ada", table, "status_request")

    assert harness.answer_to("ada")["text"] == refusal_message(Refusal(Reason.NOT_OPENED)).text
    assert "Traceback" not in harness.log()


def test_whoever_closes_the_window_before_it_is_filled_hears_of_no_failure(harness: Harness, table: Json) -> None:
    harness.faults("views.update", error="not_found")

    harness.click("ada", table, "status_request")

    harness.wait_for(lambda: '"kind": "status_request", "text": "PS1 PS100112 dp:LON-DP01", "outcome"' in harness.log())
    assert harness.answers("ada") == []
    harness.do("close", user="ada", all=True)
    harness.click("ada", table, "status_request")
    wait_for_form(harness, "ada")
