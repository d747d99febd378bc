# SPDX-License-Identifier: Apache-2.0
"""The floor of forwarding: what the bare loop of `_floor.pyx` costs on this machine at this moment.

The loop is compiled when it is first needed, into build/bench; that takes Cython and setuptools.
"""

import importlib.util
import os
import socket
import sysconfig
import threading
from pathlib import Path
from types import ModuleType

from bench.machine import thread_seconds
from bench.traffic import MID, MID_EXTENSION, PAYLOAD_TYPE, SSRC, Load, audience
from podium.core import _fastpath
from tests.peers.packets import RtpPacket

BUILD = Path("build/bench")


def microseconds(
    receivers: int, load: Load, *, frames: int = 100, cpu: int | None = None, traffic_cpu: int | None = None
) -> float:
    """Processor time per packet and receiver of encrypting and sending alone, at the lecture's pace."""
    module = _compiled()
    header = RtpPacket(PAYLOAD_TYPE, 1, 0, SSRC, b"", extensions={MID_EXTENSION: MID.encode()})
    plain = bytes(header)
    plain += b"x" * (load.packet_bytes - len(plain))
    with audience(receivers, cpu=traffic_cpu) as crowd, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        sock.bind(("::", 0))
        addresses = [crowd.receivers.address(index) for index in range(receivers)]
        interval = round(1e6 / load.frames_per_second)
        spent: list[float] = []

        def run() -> None:
            _pin(cpu)
            arguments = (
                sock.fileno(),
                True,
                _fastpath.PROFILE_AEAD_AES_128_GCM,
                crowd.receivers.keys,
                addresses,
                plain,
            )
            module.run(*arguments, load.packets_per_frame, 20, interval)
            before = thread_seconds(threading.current_thread())
            module.run(*arguments, load.packets_per_frame, frames, interval)
            spent.append(thread_seconds(threading.current_thread()) - before)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    return spent[0] * 1e6 / (frames * load.packets_per_frame * receivers)


def _pin(cpu: int | None) -> None:
    if cpu is not None and cpu in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {cpu})


def _compiled() -> ModuleType:
    target = BUILD / f"_floor{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not target.exists() or target.stat().st_mtime < Path("bench/_floor.pyx").stat().st_mtime:
        _compile(target)
    spec = importlib.util.spec_from_file_location("bench._floor", target)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _compile(target: Path) -> None:
    try:
        from Cython.Build import cythonize
        from setuptools import Distribution, Extension  # type: ignore[import-untyped]  # it has no types
    except ImportError as missing:
        raise SystemExit(
            f"the floor is compiled when first needed: pip install cython setuptools ({missing})"
        ) from None

    include = BUILD / "include" / "podium"
    include.mkdir(parents=True, exist_ok=True)
    link = include / "core"
    if not link.is_symlink():
        link.symlink_to(Path("core").resolve(), target_is_directory=True)
    extension = Extension("bench._floor", ["bench/_floor.pyx"], extra_compile_args=["-O3"])
    # Cython's own types are not complete.
    modules = cythonize(  # type: ignore[no-untyped-call]
        [extension], build_dir=str(BUILD / "c"), include_path=[str(BUILD / "include")], language_level=3
    )
    command = Distribution({"ext_modules": modules}).get_command_obj("build_ext")
    command.build_lib = str(BUILD / "lib")
    command.build_temp = str(BUILD / "temp")
    command.ensure_finalized()
    command.run()
    next((BUILD / "lib").rglob("_floor*.so")).replace(target)
