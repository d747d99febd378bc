# SPDX-License-Identifier: Apache-2.0
"""What Prometheus is told: the recordings of this host that began and how they ended, and how capture stands."""

from typing import TYPE_CHECKING, final

from podium.core import PluginContext
from podium.plugins.recording.store import Recording

if TYPE_CHECKING:
    from podium.plugins.recording.studio import Studio

SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200)
BYTES = (1e6, 3e6, 1e7, 3e7, 1e8, 3e8, 1e9, 3e9, 1e10)


@final
class Counts:
    """The metrics. Each recording's end is counted by one host."""

    def __init__(self, context: PluginContext, studio: "Studio") -> None:
        metrics = context.metrics
        self.started = metrics.counter("recordings_started", "Recordings that began.")
        self._completed = metrics.counter("recordings_completed", "Recordings whose film can be watched.")
        self._failed = metrics.counter("recordings_failed", "Recordings without a film.", ["code"])
        self._processing = metrics.histogram(
            "recording_processing_duration_seconds",
            "From the end of a recording until its film can be watched.",
            buckets=SECONDS,
        )
        self._sizes = metrics.histogram("recording_file_size_bytes", "Sizes of films.", buckets=BYTES)
        running = metrics.gauge("recordings_running", "Rooms of this host that are recorded now, pauses included.")
        running.set_function(lambda: sum(stage.take is not None for stage in studio.stages))
        overdue = metrics.gauge("recordings_overdue", "Recordings whose film takes longer than it should.")
        overdue.set_function(lambda: len(studio.overdue))
        fill = metrics.gauge("recording_capture_queue_ratio", "How full the queue to the disk is, from 0 to 1.")
        fill.set_function(lambda: studio.capturing.statistics().fill)
        step = metrics.gauge("recording_capture_step", "What a slow disk makes capture leave out; 0 is nothing.")
        step.set_function(lambda: studio.capturing.statistics().step)
        written = metrics.gauge("recording_captured_bytes", "Bytes written by capture since the plugin started.")
        written.set_function(lambda: studio.capturing.statistics().writer.written_bytes)
        left_out = metrics.gauge("recording_left_out_packets", "Packets that going on captures could not keep.")
        left_out.set_function(lambda: _left_out(studio))

    def ended(self, recording: Recording) -> None:
        """It is available, or has failed."""
        if recording.state == "FAILED":
            self._failed.labels(recording.problem_code or "unknown").inc()
            return
        self._completed.inc()
        if recording.ended_at is not None and recording.available_at is not None:
            self._processing.observe((recording.available_at - recording.ended_at).total_seconds())
        self._sizes.observe(recording.size or 0)


def _left_out(studio: "Studio") -> int:
    takes = [stage.take for stage in studio.stages if stage.take is not None]
    statistics = [take.capture.statistics() for take in takes]
    return sum(each.left_out + each.overruns for each in statistics)
