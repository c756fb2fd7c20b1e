"""Whether the approvals channel is fit for votes; whatever is no clear answer of Slack's means that it is not."""

from __future__ import annotations

import pytest

from bot.domain.refusal import Reason, Refusal
from bot.slack.web_client import Client
from bot.slack.workspace import channel_fault
from tests.slack.answering import ANSWERS, answering


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_whatever_stands_between_us_and_slack_may_answer_it_is_no_leave_to_vote(answer: bytes) -> None:
    with answering(answer) as address:
        client = Client("xoxb-1", base_url=address, timeout=1, retry_handlers=[])

        assert channel_fault(client, "C0APPROVALS") == Refusal(Reason.CANNOT_LOOK_UP)
