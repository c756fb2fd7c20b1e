"""Who may look: members, guests, people of other workspaces, listed viewers; and who sees an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness import Harness

GUEST = "Guests cannot use this; ask a full member of the workspace to do it for you."
NOT_LISTED = "You are not on the list of people who may read package versions; ask the bot's admin to add you to its "
OTHER_WORKSPACE = "Only members of the workspace that installed me can use me; ask a colleague there."
DEACTIVATED = "Your Slack account is deactivated here, so I cannot answer you."
CANNOT_LOOK_UP = "Slack could not tell me who you are just now, so I did not answer. Please try again in a minute."


@pytest.mark.parametrize("typed", ["PS100112", "find boot image"])
def test_a_guest_is_refused(harness: Harness, typed: str) -> None:
    refused = harness.ask("gus", typed)

    assert refused["text"] == GUEST
    assert refused["ephemeral"]


def test_a_guest_may_not_turn_the_pages_of_somebody_else_s_table(harness: Harness) -> None:
    answer = harness.ask("ada", "PS100112")

    harness.click("gus", answer, "status_csv")

    assert harness.answer_to("gus")["text"] == GUEST
    assert harness.query("files", user="gus")["files"] == []


def test_somebody_of_another_workspace_is_refused(harness: Harness) -> None:
    harness.command("olga", "PS100112", force=True)

    assert harness.answer_to("olga")["text"] == OTHER_WORKSPACE


def test_somebody_of_another_workspace_cannot_use_the_buttons_of_a_shared_channel(harness: Harness) -> None:
    answer = harness.ask("ada", "PS100112")

    harness.click("olga", answer, "status_csv")

    assert harness.answer_to("olga")["text"] == OTHER_WORKSPACE


def test_help_is_for_everybody(harness: Harness) -> None:
    assert "/pkgstatus PS100112" in harness.ask("gus", "help")["text"]


def test_who_cannot_be_looked_up_is_refused_and_may_try_again(fresh_harness: Harness) -> None:
    fresh_harness.start_bot()
    fresh_harness.faults("users.info", error="internal_error")

    assert fresh_harness.ask("ada", "PS100112")["text"] == CANNOT_LOOK_UP
    assert fresh_harness.ask("ada", "PS100112")["text"].startswith("PS100112 Boot image")


def test_a_deactivated_account_is_refused(fresh_harness: Harness) -> None:
    fresh_harness.do("person", id="linus", deleted=True)
    fresh_harness.start_bot()

    fresh_harness.command("linus", "PS100112", force=True)

    assert fresh_harness.answer_to("linus")["text"] == DEACTIVATED


def test_only_listed_viewers_and_members_of_listed_groups_may_look(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(viewers__users=["U0MARGARET"], viewers__groups=["S0APPROVERS"])

    assert fresh_harness.ask("ada", "PS100112")["text"].startswith(NOT_LISTED)
    assert fresh_harness.ask("margaret", "PS100112")["text"].startswith("PS100112 Boot image")
    assert fresh_harness.ask("grace", "PS100112")["text"].startswith("PS100112 Boot image")


def test_a_group_that_cannot_be_read_refuses_those_who_are_not_listed_by_name(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(viewers__users=["U0MARGARET"], viewers__groups=["S0APPROVERS"])
    fresh_harness.faults("usergroups.users.list", error="internal_error")

    assert fresh_harness.ask("grace", "PS100112")["text"] == CANNOT_LOOK_UP
    assert fresh_harness.ask("margaret", "PS100112")["text"].startswith("PS100112 Boot image")


def test_a_guest_who_is_listed_is_still_a_guest(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(viewers__users=["U000000GUS"])

    assert fresh_harness.ask("gus", "PS100112")["text"] == GUEST


def test_answers_for_the_caller_alone_are_a_setting(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(answers__visibility="caller")

    answer = fresh_harness.ask("ada", "PS100112")

    assert answer["ephemeral"]
    assert fresh_harness.messages(user="grace") == []
