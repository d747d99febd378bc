# SPDX-License-Identifier: Apache-2.0
"""podium.plugins.recording: what classes that record themselves are made of. No host loads it yet: there is no plugin.

What is said and shown is kept as it arrives, read again as frames on one time axis, composed to a film in pieces by a
process of its own, and put where recordings are kept.

Capture: `capture` is one recording as hooks see it, `capturing` the threads behind all of them, `degrading` what a slow
disk costs. Files: `recordfile` and `timeline`. Reading: `reading` opens a captured class; beneath it are `packets`,
`ordering`, `depacketize`, `clocks` and `frames`. Films: `composer`, `mp4`, `playlist`, `verify`. Places: `storage`.
"""
