"""The CSV by direct message: safe to open, and a clear word when Slack does not take it."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from tests.frontdoor.message_content import CSV
from tests.frontdoor.sites import change

if TYPE_CHECKING:
    from tests.harness import Harness

FORMULA = '=HYPERLINK("http://finance.contoso.com";"Click")'


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless(harness: Harness) -> None:
    change(
        harness.site,
        f"UPDATE PkgStatus SET PkgServer = '{FORMULA}' WHERE ID = 'PS100112' AND PkgServer LIKE '%NYC-DP01%'",
        "UPDATE PkgStatus SET PkgServer = '@SUM(A1)' WHERE ID = 'PS100112' AND PkgServer LIKE '%NYC-DP02%'",
        "UPDATE PkgStatus SET SourceVersion = -3 WHERE ID = 'PS100112' AND PkgServer LIKE '%NYC-DP04%'",
    )
    answer = harness.ask("ada", "PS100112")

    harness.click("ada", answer, CSV)

    file = harness.wait_for(lambda: next(iter(harness.query("files", user="ada")["files"]), None))
    rows = list(csv.DictReader(io.StringIO(file["text"].removeprefix("\ufeff"))))
    assert len(rows) == 43, "two targets have no row under their own path now"
    assert {f"'{FORMULA}", "'@SUM(A1)"} <= {row["PkgServer"] for row in rows}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "@", "+"))]
    assert "-3" in {row["held"] for row in rows}, "a number stays a number"


def test_a_file_that_slack_does_not_take_is_said_to_be_missing(harness: Harness) -> None:
    answer = harness.ask("linus", "PS100111")
    harness.faults("files.getUploadURLExternal", error="file_uploads_disabled")

    harness.click("linus", answer, CSV)

    failed = harness.answer_to("linus")
    assert failed["text"] == "Slack did not take the CSV (file＿uploads＿disabled). Please try again in a minute."
    assert harness.query("files", user="linus")["files"] == []
