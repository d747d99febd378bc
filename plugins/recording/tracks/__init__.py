# SPDX-License-Identifier: Apache-2.0
"""From a captured class to a file of each participant's microphone, camera and screen, as they were sent.

Nothing is encoded anew: `gathering` reads frames and decides in which file each belongs, `muxing` writes WebM and
Matroska, `probing` and `silence` know what these need of pictures and sound. All files lie on the film's time axis:
second 0 of each is second 0 of the film. `process` is the program, `python -m podium.plugins.recording.tracks`.
"""
