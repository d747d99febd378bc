# SPDX-License-Identifier: Apache-2.0
"""podium.plugins.recording: classes that record themselves.

What is said and shown is kept as it arrives, and read again as frames on one time axis.

Capture: `capture` is one recording as hooks see it, `capturing` the threads behind all of them, `degrading` what a slow
disk costs. Files: `recordfile` and `timeline`. Reading: `reading` opens a captured class; beneath it are `packets`,
`ordering`, `depacketize`, `clocks` and `frames`.
"""
