# SPDX-License-Identifier: Apache-2.0
"""Work on recordings: by a host beside its classes, or by `podium recorder` in a process of its own.

`workshop` says where and by whom; `loop` claims jobs and keeps their leases. `film` makes a film with the help of
`composition` (a `child` process), `watch` (the recording's row) and `keeping` or `growing` (the storage). `clearing`
deletes.
"""

from podium.plugins.recording.work.clearing import tend
from podium.plugins.recording.work.loop import run_job, work
from podium.plugins.recording.work.workshop import Progress, Workshop

__all__ = ["Progress", "Workshop", "run_job", "tend", "work"]
