# SPDX-License-Identifier: Apache-2.0
"""podium.plugins.recording: classes that record themselves, and are films seconds after their end.

`plugin` puts it together. In a host: `studio` is where recordings begin and end, of rooms (`stage`) with what goes on
in them (`take`); `attending` hears of rooms, `operating` answers operations, `telling` has the tasks, `serving` and
`watching` what browsers get. `store`, `jobs` and `transactions` have the statements, `tables` the tables.

Capture: `capture` is one recording as hooks see it, `capturing` the threads behind all of them, `degrading` what a slow
disk costs. Files: `recordfile` and `timeline`. Reading: `reading` opens a captured class; beneath it are `packets`,
`ordering`, `depacketize`, `clocks` and `frames`. Films: `composer`, `mp4`, `playlist`, `verify`. Places: `place` and
`storage`. `work` does the jobs, in hosts and in `podium recorder` (`commands`).

Nothing is imported here: the composer is a process that needs little of it.
"""
