from urllib.error import HTTPError

import pytest
from slack_sdk import WebClient

from bot.demo.workspace.server import RunningWorkspace
from tests.demo.workspace.driver import Control, error_of, fetch

OPS = "C0SCCMOPS"


def test_an_upload_is_seen_in_its_channel_and_can_be_downloaded(web: WebClient, control: Control) -> None:
    done = web.files_upload_v2(
        channel=OPS, filename="rows.csv", title="Rows", content="server,version\n", initial_comment="here"
    )

    file = control.query("files", user="ada")["files"][0]
    assert (file["id"], file["name"], file["title"]) == (done["file"]["id"], "rows.csv", "Rows")
    assert (file["channel"], file["text"], file["mimetype"]) == (OPS, "server,version\n", "text/csv")
    seen = control.messages("sccm-ops", "ada")[-1]
    assert (seen["text"], seen["files"][0]["name"]) == ("here", "rows.csv")
    assert fetch(file["url_private"]) == (200, "server,version\n")


def test_a_file_in_a_direct_message_is_for_one_person(web: WebClient, control: Control) -> None:
    channel = web.chat_postMessage(channel="U000000ADA", text="your file")["channel"]

    web.files_upload_v2(channel=channel, filename="rows.csv", content="x")

    assert len(control.query("files", user="ada")["files"]) == 1
    assert control.query("files", user="grace")["files"] == []


def test_a_file_without_a_channel_is_seen_by_nobody(web: WebClient, control: Control) -> None:
    web.files_upload_v2(filename="rows.csv", content="x")

    assert control.query("files", user="ada")["files"] == []


def test_nothing_is_visible_before_the_last_step_which_works_once(
    web: WebClient, control: Control, workspace: RunningWorkspace
) -> None:
    asked = web.files_getUploadURLExternal(filename="rows.csv", length=3)
    files = [{"id": asked["file_id"], "title": "Rows"}]
    assert error_of(lambda: web.files_completeUploadExternal(files=files, channel_id=OPS)) == "file_not_found"
    assert fetch(asked["upload_url"], b"four") == (400, "invalid_upload")
    assert fetch(asked["upload_url"], b"abc")[0] == 200
    assert fetch(f"{workspace.url}/files/{asked['file_id']}")[0] == 404
    assert control.query("files")["files"] == []

    web.files_completeUploadExternal(files=files, channel_id=OPS)

    assert len(control.query("files")["files"]) == 1
    assert error_of(lambda: web.files_completeUploadExternal(files=files, channel_id=OPS)) == "file_not_found"


@pytest.mark.parametrize(
    ("channel", "error"),
    [("U000000ADA", "channel_not_found"), ("#sccm-ops", "channel_not_found"), ("C0OTHERS", "not_in_channel")],
)
def test_a_file_needs_the_id_of_a_channel_the_app_is_in(
    web: WebClient, control: Control, channel: str, error: str
) -> None:
    control.do("channel", id="C0OTHERS", members=["U000000ADA"])

    assert error_of(lambda: web.files_upload_v2(channel=channel, filename="rows.csv", content="x")) == error


def test_an_empty_file_is_refused_and_the_old_method_is_gone(web: WebClient) -> None:
    assert error_of(lambda: web.files_getUploadURLExternal(filename="rows.csv", length=0)) == "invalid_arguments"
    assert error_of(lambda: web.api_call("files.upload")) == "unknown_method"
    assert error_of(lambda: web.files_completeUploadExternal(files=[])) == "invalid_arguments"


def test_an_upload_can_be_made_to_fail_in_the_middle(web: WebClient, control: Control) -> None:
    control.do("faults", method="files.upload", status=500)

    with pytest.raises(HTTPError):
        web.files_upload_v2(channel=OPS, filename="rows.csv", content="x")

    assert control.query("files", user="ada")["files"] == []
    web.files_upload_v2(channel=OPS, filename="rows.csv", content="x")


def test_the_bytes_may_come_as_a_form(web: WebClient, control: Control) -> None:
    asked = web.files_getUploadURLExternal(filename="rows.csv", length=3)
    part = 'Content-Disposition: form-data; name="file"; filename="rows.csv"\r\n\r\nabc'
    form = f"--edge\r\n{part}\r\n--edge--\r\n".encode()

    assert fetch(asked["upload_url"], form, {"Content-Type": "multipart/form-data; boundary=edge"})[0] == 200
    web.files_completeUploadExternal(files=[{"id": asked["file_id"]}], channel_id=OPS)

    assert control.query("files", user="ada")["files"][0]["text"] == "abc"
