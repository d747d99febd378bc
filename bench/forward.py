# SPDX-License-Identifier: Apache-2.0
"""What forwarding costs: processor time of the worker per packet and receiver, delivered packets, one-way delay.

One lecturer at 1.5 Mbit/s (1150-byte packets, five a frame in one burst, 33 frames a second), AES-128-GCM, over
loopback, to 50 and to 300 receivers. The worker's thread has one processor to itself where there are two; the lecturer
and the receivers, in processes of their own, share another.

    python -m bench.forward [--receivers 50 300] [--seconds 10]
"""

import argparse
import os

from bench.floor import microseconds as floor_microseconds
from bench.lecture import Figures, lecture
from bench.machine import description
from bench.traffic import Load

HEADINGS = (
    "receivers",
    "us/packet",
    "floor",
    "ratio",
    "delivered",
    "of expected",
    "per send",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "max ms",
)


def main() -> None:
    arguments = _arguments()
    print(description())
    load = Load()
    print(
        f"{load.megabits:.2f} Mbit/s of {load.packet_bytes}-byte packets, {arguments.seconds:g} s each, AES-128-GCM\n"
    )
    print("  ".join(f"{heading:>11}" for heading in (*HEADINGS, "steal", "busy")))
    for receivers in arguments.receivers:
        print(row(measure(receivers, arguments), floor(receivers, load, arguments)))


def processors(arguments: argparse.Namespace) -> tuple[int | None, int | None]:
    return (0, 1) if arguments.pin and (os.cpu_count() or 1) > 1 else (None, None)


def floor(receivers: int, load: Load, arguments: argparse.Namespace) -> float:
    """Microseconds of the bare encrypt-and-send loop."""
    own, traffic = processors(arguments)
    frames = max(1, round(arguments.seconds * load.frames_per_second))
    return floor_microseconds(receivers, load, frames=frames, cpu=own, traffic_cpu=traffic)


def measure(receivers: int, arguments: argparse.Namespace) -> Figures:
    server, traffic = processors(arguments)
    with lecture(receivers, server_cpu=server, traffic_cpu=traffic, address=arguments.address) as running:
        return running.measure(arguments.seconds)


def row(figures: Figures, bare: float) -> str:
    """One line of the table."""
    cells = (
        f"{figures.receivers}",
        f"{figures.microseconds:.2f}",
        f"{bare:.2f}",
        f"{figures.microseconds / bare:.2f}",
        f"{figures.delivered}",
        f"{figures.delivered / max(1, figures.expected):.2%}",
        f"{figures.forwarded / max(1, figures.send_calls):.1f}",
        *(f"{figures.delay(share):.2f}" for share in (0.5, 0.99, 0.999, 1.0)),
        f"{figures.machine.stolen:.1%}",
        f"{figures.machine.busy:.0%}",
    )
    return "  ".join(f"{cell:>11}" for cell in cells)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--receivers", type=int, nargs="+", default=[50, 300], metavar="N")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--address", default="::", help="where the worker listens")
    parser.add_argument("--no-pin", dest="pin", action="store_false", help="leave it to the kernel who runs where")
    return parser.parse_args()


if __name__ == "__main__":
    main()
