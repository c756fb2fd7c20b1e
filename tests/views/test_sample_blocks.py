"""The samples that `check` shows to Slack are one of everything that the bot draws, and Slack takes them."""

from __future__ import annotations

import json

from bot.demo.workspace.blocks.surfaces import message_reasons, view_reasons
from bot.domain.request import Stage
from bot.views import request_form
from bot.views.block_kit import Message
from bot.views.charts import ChartForm
from bot.views.sample_blocks import samples
from bot.views.tables import Form

SAMPLES = dict(samples(tuple(Form), tuple(ChartForm)))


def test_there_is_one_of_everything() -> None:
    assert {f"request card, {stage}" for stage in Stage} < SAMPLES.keys()
    assert {f"version table ({form})" for form in Form} < SAMPLES.keys()
    assert {f"{what} ({form})" for what in ("digest", "drift") for form in ChartForm} < SAMPLES.keys()
    assert {"App Home", "audit line", "plan of a request", "form to reject a request"} < SAMPLES.keys()
    drawn = json.dumps([list(shape.blocks) if isinstance(shape, Message) else shape for shape in SAMPLES.values()])
    for kind in (
        "data_table",
        "table",
        "data_visualization",
        "input",
        "multi_static_select",
        "actions",
        "home",
        "modal",
    ):
        assert f'"type": "{kind}"' in drawn


def test_every_form_is_among_them() -> None:
    modals = {
        name: shape for name, shape in SAMPLES.items() if not isinstance(shape, Message) and shape["type"] == "modal"
    }
    callbacks = {shape.get("callback_id") for shape in modals.values()}

    assert set(modals) == {
        "form to request a reset",
        "form to request a reset of many rows",
        "form while it loads",
        "form to reject a request",
        "plan of a request",
    }
    assert callbacks >= {request_form.CALLBACK, request_form.REJECT_CALLBACK}
    assert "request card (plain text)" in SAMPLES


def test_slack_takes_all_of_them() -> None:
    for name, shape in SAMPLES.items():
        reasons = message_reasons(list(shape.blocks)) if isinstance(shape, Message) else view_reasons(shape)
        assert reasons == [], name


def test_none_of_them_names_a_second_one() -> None:
    assert len(SAMPLES) == len(list(samples(tuple(Form), tuple(ChartForm))))
