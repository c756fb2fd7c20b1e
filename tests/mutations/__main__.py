"""Break one rule of the bot at a time, in a copy of the tree, and see that its tests fail: `python -m tests.mutations`.

Prints one line for each rule of rules.py, and the counts. Exit code 0: every broken rule was caught. 1: one was not.
2: that cannot be told, because a patch no longer applies, or its tests fail without it or do not run with it. Names of
rules as arguments run only those.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import cache_from_source
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from tests.mutations.rules import RULES, PatchError, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[2]
COPIED = ("bot", "tests", "deploy", "pyproject.toml", "README.md", "manifest.yml")
AT_ONCE = 2
PASSED, FAILED = 0, 1
"""pytest's exit codes; every other one means that the tests did not run."""


class WorkingCopy:
    """A copy of the tree, in which one mutation at a time is applied."""

    def __init__(self, folder: Path, source: Path = ROOT, *unwanted: str) -> None:
        """Copy all that the tests need; what Python compiled stays valid, because times are copied as well."""
        self._root = folder
        folder.mkdir()
        for name in COPIED:
            if (source / name).is_dir():
                shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns(*unwanted))
            else:
                shutil.copy2(source / name, folder / name)

    def clone(self, folder: Path) -> WorkingCopy:
        """Return another copy of this tree."""
        return WorkingCopy(folder, self._root)

    def run(self, tests: Sequence[str], *options: str, writes: str = "1") -> subprocess.CompletedProcess[str]:
        """Run tests on SQLite in this tree; `writes` empty lets Python keep what it compiles."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PKGSTATUS_", "PYTEST_"))}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--hypothesis-seed=0", *options, *tests]
        environment = kept | {"PYTHONPATH": str(self._root), "PYTHONDONTWRITEBYTECODE": writes}
        return subprocess.run(command, cwd=self._root, env=environment, capture_output=True, text=True, check=False)

    def broken(self, rule: Rule) -> subprocess.CompletedProcess[str]:
        """Run a rule's tests while it is broken. Raises PatchError."""
        path = self._root / rule.path
        whole = path.read_text(encoding="utf-8")
        Path(cache_from_source(path)).unlink(missing_ok=True)
        path.write_text(rule.patched(whole), encoding="utf-8")
        try:
            return self.run(rule.tests, "-n", "0")
        finally:
            path.write_text(whole, encoding="utf-8")


def main(names: Sequence[str]) -> int:
    """Run all rules, or those named, and return the exit code."""
    unknown = set(names) - {rule.name for rule in RULES}
    if unknown:
        return _report(f"There is no rule {', '.join(sorted(unknown))}.", 2)
    rules = [rule for rule in RULES if not names or rule.name in names]
    started = time.monotonic()
    try:
        for rule in rules:
            rule.patched((ROOT / rule.path).read_text(encoding="utf-8"))
    except PatchError as error:
        return _report(str(error), 2)
    with tempfile.TemporaryDirectory() as folder:
        first = WorkingCopy(Path(folder) / "first", ROOT, "__pycache__")
        whole = first.run(list(dict.fromkeys(test for rule in rules for test in rule.tests)), "-n", "2", writes="")
        if whole.returncode != PASSED:
            return _report(f"The tests fail while no rule is broken:\n{whole.stdout}{whole.stderr}", 2)
        copies = [first, *(first.clone(Path(folder) / f"clone {number}") for number in range(1, AT_ONCE))]
        found = _run_all(rules, copies)
    counts = f"{found.count(FAILED)} caught, {found.count(PASSED)} survived of {len(rules)} broken rules"
    code = 2 if set(found) - {PASSED, FAILED} else int(PASSED in found)
    return _report(f"{counts}, in {time.monotonic() - started:.0f} s", code)


def _run_all(rules: Sequence[Rule], copies: Sequence[WorkingCopy]) -> list[int]:
    """Break each rule in a tree that is free, and print what came of it; return pytest's codes."""
    free: SimpleQueue[WorkingCopy] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def run(rule: Rule) -> int:
        copy = free.get()
        try:
            result = copy.broken(rule)
        finally:
            free.put(copy)
        words: dict[int, Callable[[], str]] = {
            FAILED: lambda: f"caught    {rule.name}",
            PASSED: lambda: f"SURVIVED  {rule.name}: {rule.why} {rule.path}; its tests are {', '.join(rule.tests)}",
        }
        broken = f"NO RESULT {rule.name}: its tests did not run\n{result.stdout}{result.stderr}"
        return _report(words.get(result.returncode, lambda: broken)(), result.returncode)

    with ThreadPoolExecutor(len(copies)) as pool:
        return list(pool.map(run, rules))


def _report(text: str, code: int) -> int:
    print(text, flush=True)  # noqa: T201 - its output is its purpose
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
