import time

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.demo.workspace.driver import Control, answer_of, error_of

OPS = "C0SCCMOPS"


def posted(control: Control) -> list[str]:
    return [message["text"] for message in control.messages("sccm-ops", "ada")]


def test_a_method_fails_as_often_as_ordered(web: WebClient, control: Control) -> None:
    control.do("faults", method="chat.postMessage", error="fatal_error", times=2)

    assert error_of(lambda: web.chat_postMessage(channel=OPS, text="1")) == "fatal_error"
    assert web.auth_test()["ok"]
    assert error_of(lambda: web.chat_postMessage(channel=OPS, text="2")) == "fatal_error"
    web.chat_postMessage(channel=OPS, text="3")
    assert posted(control) == ["3"]


def test_a_method_can_be_limited_or_broken(web: WebClient, control: Control) -> None:
    control.do("faults", method="chat.postMessage", status=429, retry_after=7)
    control.do("faults", method="chat.postMessage", status=500)

    with pytest.raises(SlackApiError) as limited:
        web.chat_postMessage(channel=OPS, text="1")
    with pytest.raises(SlackApiError) as broken:
        web.chat_postMessage(channel=OPS, text="2")

    assert (limited.value.response.status_code, limited.value.response["error"]) == (429, "ratelimited")
    assert limited.value.response.headers["Retry-After"] == "7"
    assert broken.value.response.status_code == 500


def test_a_method_can_fail_after_it_did_its_work(web: WebClient, control: Control) -> None:
    control.do("faults", method="chat.postMessage", status=500, after_effect=True)

    answer = answer_of(lambda: web.chat_postMessage(channel=OPS, text="done anyway"))

    assert not answer["ok"]
    assert posted(control) == ["done anyway"]


def test_a_method_can_be_late_and_still_do_its_work(web: WebClient, control: Control) -> None:
    control.do("faults", method="chat.postMessage", delay_s=0.3)

    began = time.monotonic()
    web.chat_postMessage(channel=OPS, text="late")

    assert time.monotonic() - began >= 0.3
    assert posted(control) == ["late"]


def test_an_answer_can_get_lost_after_the_work_is_done(web: WebClient, control: Control) -> None:
    control.do("faults", method="chat.postMessage", drop=True, after_effect=True, times=2)
    web.retry_handlers.clear()

    with pytest.raises(OSError, match=r"."):
        web.chat_postMessage(channel=OPS, text="lost")

    assert posted(control) == ["lost"]


def test_a_client_can_run_out_of_patience_after_the_work_is_done(web: WebClient, control: Control) -> None:
    control.do("faults", method="chat.postMessage", delay_s=1.5, after_effect=True)
    web.timeout = 1

    with pytest.raises(TimeoutError):
        web.chat_postMessage(channel=OPS, text="impatient")

    assert posted(control) == ["impatient"]


def test_ordered_faults_can_be_forgotten(web: WebClient, control: Control) -> None:
    control.do("faults", method="auth.test", error="fatal_error", times=9)

    control.do("faults", clear=True)

    assert web.auth_test()["ok"]


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"method": "auth.test", "colour": "red"},
        {"method": "auth.test", "times": "often"},
        {"method": "auth.test", "status": "500"},
        {"method": ["auth.test"]},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(control: Control, order: dict[str, object]) -> None:
    assert control.attempt("faults", **order)[0] == 400
