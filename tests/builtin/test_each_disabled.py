# SPDX-License-Identifier: Apache-2.0
"""With each built-in plugin disabled in turn, the tests of all others pass: one run of pytest for each.

What is looked for is a plugin that misses another, so it is done on SQLite and without what takes long for other
reasons. With many plugins it still takes minutes: a campaign, `pytest -m campaign tests/builtin`, and a step of CI.
"""

import os
import subprocess
import sys

import pytest

from tests.builtin.shipped import ROOT, shipped

CHOICE = "not postgresql and not who_may and not whole_host and not TenThousand"


@pytest.mark.campaign
@pytest.mark.parametrize("name", shipped())
def test_the_others_pass_without_it(name: str) -> None:
    options = ["--without-plugin", name, "-k", CHOICE, "-m", "not campaign and not browser", "-q", "-x"]
    options += ["-p", "no:cacheprovider", "--numprocesses", str((os.cpu_count() or 1) + 1)]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/builtin", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-2000:]
    assert f"tests/builtin/{name}/" not in result.stdout
