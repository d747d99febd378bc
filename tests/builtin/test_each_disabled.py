# SPDX-License-Identifier: Apache-2.0
"""With each built-in plugin disabled in turn, the tests of all others pass: one run of pytest for each.

What is looked for is a plugin that misses another. So it is done on SQLite, with those tests of each plugin that try
most of it in a host. With many plugins it still takes minutes: a campaign, `pytest -m campaign tests/builtin`, and a
step of CI.
"""

import os
import subprocess
import sys

import pytest

from tests.builtin.shipped import ROOT, shipped

BROAD = (
    "tests/builtin/calendar/test_host.py",
    "tests/builtin/chat/test_chat.py",
    "tests/builtin/chat/test_sending.py",
    "tests/builtin/events/test_events.py",
    "tests/builtin/moderation/test_moderation.py",
    "tests/builtin/recording/test_recording.py",
    "tests/builtin/scheduling/test_real_rooms.py",
    "tests/builtin/screenshare/test_sharing.py",
    "tests/builtin/test_restart_in_class.py",
    "tests/builtin/test_switching.py",
)


def test_none_is_forgotten() -> None:
    assert shipped().keys() <= {path.split("/")[2] for path in BROAD}


@pytest.mark.campaign
@pytest.mark.parametrize("name", shipped())
def test_the_others_pass_without_it(name: str) -> None:
    options = ["--without-plugin", name, "-k", "not postgresql", "-m", "not campaign and not browser", "-q", "-x"]
    options += ["-p", "no:cacheprovider", "--numprocesses", str((os.cpu_count() or 1) + 1)]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *BROAD, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-2000:]
    assert f"tests/builtin/{name}/" not in result.stdout
