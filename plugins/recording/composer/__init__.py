# SPDX-License-Identifier: Apache-2.0
"""From a captured class to a film: pieces of eight seconds, made by a child process while the class goes on.

What is shown is decided by values alone: `axis` (pauses cut out), `speech`, `director`, `layout`, `degrade`; what
players show beside it by `chapters`. How it is made: `decoding`, `mixing`, `lettering`, `drawing`, `encoding`.
`composing` joins them; `segments` keeps what is made; `process` is the program,
`python -m podium.plugins.recording.composer`.
"""
