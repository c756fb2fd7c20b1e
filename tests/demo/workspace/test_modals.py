import pytest

from tests.demo.workspace.driver import Control, Json, modal, plain, section
from tests.demo.workspace.form import FORM, FormApp, views
from tests.waiting import wait_until

GOOD = {"reason": {"text": "because"}, "rows": {"pick": ["two"]}}


def test_an_open_modal_has_what_slack_adds(form: FormApp, control: Control) -> None:
    view = views(control)[-1]

    assert form.trigger_ids
    assert (view["callback_id"], view["private_metadata"], view["team_id"]) == ("reset", "secret-free", "T0CONTOSO")
    assert view["root_view_id"] == view["id"]
    assert view["state"]["values"]["reason"]["text"] == {"type": "plain_text_input", "value": None}
    assert control.query("views", user="grace")["views"] == []


def test_a_submission_carries_the_values_and_closes_the_modal(form: FormApp, control: Control) -> None:
    answer = control.do("submit", user="ada", values=GOOD)

    body = form.app.bodies[0]
    assert (answer["acked"], answer["errors"]) == (True, {})
    assert body["type"] == "view_submission"
    assert body["view"]["state"]["values"]["reason"]["text"]["value"] == "because"
    assert body["view"]["state"]["values"]["rows"]["pick"]["selected_options"][0]["value"] == "two"
    assert views(control) == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "Please complete this required field."),
        ("ab", "at least 3 characters"),
        ("x" * 11, "at most 10 characters"),
    ],
)
def test_the_client_itself_refuses_what_does_not_fit(form: FormApp, control: Control, text: str, error: str) -> None:
    answer = control.do("submit", user="ada", values={"reason": {"text": text}})

    assert not answer["acked"]
    assert error in answer["errors"]["reason"]
    assert form.app.bodies == []


def test_the_apps_errors_are_shown_and_the_modal_stays(form: FormApp, control: Control) -> None:
    form.answer = {"response_action": "errors", "errors": {"reason": "Not this one."}}

    answer = control.do("submit", user="ada", values=GOOD)

    assert (answer["acked"], answer["errors"]) == (True, {"reason": "Not this one."})
    assert len(views(control)) == 1


UNUSABLE: list[Json] = [
    {"response_action": "dance"},
    {"response_action": "errors", "errors": {"row": "No input block."}},
    {"response_action": "errors", "errors": {}},
    {"response_action": "update", "view": modal(title=plain("x" * 25))},
]


@pytest.mark.parametrize("answer", UNUSABLE)
def test_an_answer_that_slack_cannot_use_shows_trouble(form: FormApp, control: Control, answer: Json) -> None:
    form.answer = answer

    assert "trouble" in control.do("submit", user="ada", values=GOOD)["errors"]["_"]
    assert len(views(control)) == 1


def test_an_answer_can_update_push_or_clear(form: FormApp, control: Control) -> None:
    form.answer = {"response_action": "update", "view": FORM | {"title": plain("Again")}}
    control.do("submit", user="ada", values=GOOD)
    assert [view["title"]["text"] for view in views(control)] == ["Again"]
    assert views(control)[0]["state"]["values"]["reason"]["text"]["value"] == "because"

    form.answer = {"response_action": "push", "view": FORM | {"title": plain("Second")}}
    control.do("submit", user="ada", values=GOOD)
    assert [view["title"]["text"] for view in views(control)] == ["Again", "Second"]
    assert views(control)[1]["previous_view_id"] == views(control)[0]["id"]

    form.answer = {"response_action": "clear"}
    control.do("submit", user="ada", values=GOOD)
    assert views(control) == []


def test_a_click_in_a_modal_names_the_view_and_has_no_response_url(form: FormApp, control: Control) -> None:
    view_id = views(control)[-1]["id"]

    control.do("click", user="ada", view_id=view_id, action_id="more")

    body = form.app.bodies[0]
    assert body["container"] == {"type": "view", "view_id": view_id}
    assert body["view"]["id"] == view_id
    assert "response_url" not in body
    assert control.attempt("click", user="grace", view_id=view_id, action_id="more")[0] == 404
    assert control.attempt("click", user="ada", view_id=view_id, action_id="text")[0] == 409


def test_closing_tells_an_app_that_wants_to_know(form: FormApp, control: Control) -> None:
    control.do("close", user="ada")

    wait_until(lambda: form.closed)
    assert (form.closed[0]["type"], form.closed[0]["is_cleared"]) == ("view_closed", False)
    assert views(control) == []
    assert control.attempt("submit", user="ada", values={})[0] == 404


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"reason": {"nothing": "x"}}, 404),
        ({"rows": {"pick": ["three"]}}, 409),
        ({"reason": "because"}, 400),
        (["because"], 400),
    ],
)
def test_only_what_is_in_the_form_can_be_entered(form: FormApp, control: Control, values: object, status: int) -> None:
    assert form.app.connections() == 1
    assert control.attempt("submit", user="ada", values=values)[0] == status


def test_a_modal_without_a_submit_button_cannot_be_submitted(form: FormApp, control: Control) -> None:
    form.answer = {"response_action": "update", "view": modal(section()) | {"callback_id": "reset"}}
    del form.answer["view"]["submit"]
    control.do("submit", user="ada", values=GOOD)

    assert control.attempt("submit", user="ada", values={})[0] == 409
