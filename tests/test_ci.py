"""CI lets one skip pass, known by its reason, and no other; and what is written of it and around it is true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
JUDGE = ROOT / ".ci" / "left-out"
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


def test_the_workflow_is_one_that_github_takes_and_runs_what_ci_runs() -> None:
    workflow = GITHUB / "workflows" / "ci.yml"
    judge = Path(sys.executable).with_name("check-jsonschema")
    command = [str(judge), "--builtin-schema", "vendor.github-workflows", str(workflow)]

    judged = subprocess.run(command, capture_output=True, text=True, check=False)

    assert judged.returncode == 0, judged.stdout + judged.stderr
    document = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert document["permissions"] == {"contents": "read"}
    (job,) = document["jobs"].values()
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert job["timeout-minutes"]


def test_commits_are_checked_with_the_environments_own_ruff() -> None:
    document = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))

    (source,) = document["repos"]
    assert source["repo"] == "local"
    assert {hook["language"] for hook in source["hooks"]} == {"system"}
    assert [hook["entry"].split()[:2] for hook in source["hooks"]] == [
        [".venv/bin/ruff", "check"],
        [".venv/bin/ruff", "format"],
    ]


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(GITHUB.glob("*.md"))], ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    linked = [page.parent / link for link in re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", text)]
    named = [ROOT / name for name in re.findall(r"(?<![\w/.-])(?:tests|deploy|bot)/[\w/.-]*\w", text)]
    modules = [ROOT / name.replace(".", "/") for name in re.findall(r"python -m ([\w.]+)", text) if name != "venv"]

    assert linked
    assert [str(path) for path in linked + named + modules if not path.exists()] == []


def test_the_fast_tests_are_the_same_everywhere() -> None:
    fast = '`.venv/bin/pytest -n 0 -m "not hypothesis" tests/domain tests/views`'

    assert fast in (ROOT / "README.md").read_text(encoding="utf-8")
    assert fast in (GITHUB / "CONTRIBUTING.md").read_text(encoding="utf-8")
