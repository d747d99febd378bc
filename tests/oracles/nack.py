# SPDX-License-Identifier: Apache-2.0
"""A loss list over unbounded numbers and a plain dict: what `_nack` does with 16 bits and a fixed array."""

from dataclasses import dataclass, field

CAPACITY = 512
TRIES = 10
GRACE_US = 10_000
MIN_REPEAT_US = 20_000
MAX_STEP = 3000
MAX_AGE = 10_000


@dataclass
class Loss:
    due_us: int
    tries: int = 0


@dataclass
class LossModel:
    highest: int | None = None
    losses: dict[int, Loss] = field(default_factory=dict)
    dropped: int = 0

    def received(self, sequence: int, now_us: int) -> str:
        if self.highest is None:
            self.highest = sequence + 65536
            return "in order"
        number = min(range(sequence, self.highest + 98304, 65536), key=lambda candidate: abs(candidate - self._highest))
        if number in self.losses:
            del self.losses[number]
            return "recovered"
        if abs(number - self.highest) > MAX_STEP:
            self.losses.clear()
            self.highest = sequence + 65536
            return "restart"
        if number <= self.highest:
            return "old"
        for missing in range(self.highest + 1, number):
            self.losses[missing] = Loss(now_us + GRACE_US)
        self.highest = number
        self._drop([missing for missing in self.losses if number - missing > MAX_AGE])
        self._drop(list(self.losses)[: max(0, len(self.losses) - CAPACITY)])
        return "in order"

    @property
    def _highest(self) -> int:
        assert self.highest is not None
        return self.highest

    def _drop(self, numbers: list[int]) -> None:
        for number in numbers:
            del self.losses[number]
        self.dropped += len(numbers)

    def due(self, now_us: int, round_trip_us: int, capacity: int) -> tuple[list[int], int]:
        wanted: list[int] = []
        for number, loss in list(self.losses.items()):
            if loss.due_us > now_us:
                continue
            if loss.tries == TRIES:
                self._drop([number])
            elif len(wanted) < capacity:
                wanted.append(number % 65536)
                loss.tries += 1
                loss.due_us = now_us + max(round_trip_us, MIN_REPEAT_US)
        gave_up, self.dropped = self.dropped, 0
        return wanted, gave_up

    def forget_before(self, sequence: int) -> None:
        for number in list(self.losses):
            if (number - sequence) % 65536 >= 32768:
                del self.losses[number]

    @property
    def missing(self) -> list[int]:
        return [number % 65536 for number in self.losses]
