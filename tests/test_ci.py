"""CI lets one skip pass, known by its reason, and no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

JUDGE = Path(__file__).parents[1] / ".ci" / "left-out"
SCHEMA = """
def test_schema():
    pytest.skip("there is no copy of Slack's schema at /nowhere (PKGSTATUS_TEST_MANIFEST_SCHEMA names one)")
"""
FINE = "\ndef test_fine():\n    assert True\n"
OTHER = '\ndef test_other():\n    pytest.skip("Chromium is not installed")\n'
AGAIN = SCHEMA.replace("test_schema", "test_again")
LATER = '\n@pytest.mark.xfail(reason="later")\ndef test_later():\n    raise AssertionError\n'
SOONER = '\n@pytest.mark.xfail(reason="later")\ndef test_sooner():\n    assert True\n'


@pytest.mark.parametrize(
    ("file", "tests", "passes"),
    [
        ("test_house.py", FINE, True),
        ("test_house.py", FINE + SCHEMA, True),
        ("test_house.py", FINE + SCHEMA + OTHER, False),
        ("test_house.py", FINE + OTHER, False),
        ("test_house.py", FINE + SCHEMA + AGAIN, False),
        ("test_other.py", FINE + SCHEMA, False),
        ("test_house.py", FINE + LATER, False),
        ("test_house.py", FINE + SCHEMA + SOONER, False),
    ],
)
def test_only_the_skip_for_the_missing_schema_passes(tmp_path: Path, file: str, tests: str, passes: bool) -> None:  # noqa: FBT001
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / file).write_text(f"import pytest\n{tests}", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", encoding="utf-8")
    run = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"]
    printed = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    (tmp_path / "log").write_text(printed, encoding="utf-8")

    judged = subprocess.run([JUDGE, tmp_path / "log"], capture_output=True, text=True, check=False)

    assert (judged.returncode == 0) == passes, judged.stdout + judged.stderr
    assert ("SKIPPED" in judged.stdout) == ("skip(" in tests)
