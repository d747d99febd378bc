# SPDX-License-Identifier: Apache-2.0
"""A whole host: its page of metrics, the list of them in the documentation, its health and its control file."""

import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families as parse

from podium.core import PodiumError
from podium.core.config import Config, load_config
from podium.hosts.cli._serve import report
from podium.hosts.web.control import Control, control_file, read_control
from podium.hosts.web.metrics import MetricsError, bind, port_of
from podium.hosts.web.server import ServerInfo, serve

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "operating.md"
SETTINGS = {
    "PODIUM_WEB__HOST": "127.0.0.1",
    "PODIUM_WEB__PORT": "0",
    "PODIUM_MEDIA__PORTS": "0",
    "PODIUM_MEDIA__WORKERS": "1",
}


def configured(**settings: str) -> Config:
    return load_config(Path("/dev/null"), SETTINGS | settings)


@asynccontextmanager
async def hosting(directory: Path, **settings: str) -> AsyncIterator[ServerInfo]:
    config = configured(PODIUM_WEB__CONTROL_FILE=str(directory / "host.json"), **settings)
    async with trio.open_nursery() as nursery:
        info: ServerInfo = await nursery.start(serve, config)
        yield info
        nursery.cancel_scope.cancel()


async def fetch(url: str | None, method: str = "GET", **headers: str) -> tuple[int, str, str]:
    """Status, content type and body."""
    assert url is not None
    parts = urlsplit(url)

    def ask() -> tuple[int, str, str]:
        connection = HTTPConnection(parts.hostname or "", parts.port)
        try:
            connection.request(method, parts.path, headers=headers)
            response = connection.getresponse()
            return response.status, response.headers["Content-Type"], response.read().decode()
        finally:
            connection.close()

    return await trio.to_thread.run_sync(ask)


async def test_the_documentation_lists_what_a_host_exposes(tmp_path: Path) -> None:
    async with hosting(tmp_path) as info:
        status, content_type, body = await fetch(info.metrics_url)
    assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    exposed = {(line.split()[2], line.split()[3]) for line in body.splitlines() if line.startswith("# TYPE podium_")}
    listed = set(re.findall(r"^\| `(podium_\w+)` \| (\w+) \|", DOCUMENTATION.read_text(), re.MULTILINE))
    assert listed == exposed


async def test_a_host_counts_rooms_and_workers(tmp_path: Path) -> None:
    async with hosting(tmp_path) as info:
        _, _, body = await fetch(info.metrics_url)
        samples = {sample.name: sample for family in parse(body) for sample in family.samples}
        assert samples["podium_rooms"].value == 0
        assert samples["podium_worker_datagrams_total"].labels["worker"].isdigit()
        _, content_type, body = await fetch(info.metrics_url, Accept="application/openmetrics-text; version=1.0.0")
        assert content_type.startswith("application/openmetrics-text")
        assert body.endswith("# EOF\n")
        assert body.count("# EOF") == 1


async def test_only_the_page_is_served(tmp_path: Path) -> None:
    async with hosting(tmp_path) as info:
        assert info.metrics_url is not None
        assert (await fetch(info.metrics_url.removesuffix("metrics")))[0] == 404
        assert (await fetch(info.metrics_url, "POST"))[0] == 405
        assert await fetch(info.metrics_url, "HEAD") == (200, "text/plain; version=0.0.4; charset=utf-8", "")
        assert (await fetch(f"{info.url}/metrics"))[0] == 404  # not where browsers come in


async def test_metrics_can_be_switched_off(tmp_path: Path) -> None:
    async with hosting(tmp_path, PODIUM_METRICS__ENABLED="false") as info:
        assert info.metrics_url is None


@pytest.mark.parametrize(
    ("web", "metrics", "port"), [("8082", None, 9092), ("0", None, 0), ("0", "9555", 9555), ("8082", "0", 0)]
)
def test_who_lets_the_kernel_choose_needs_no_fixed_port(web: str, metrics: str | None, port: int) -> None:
    given = {} if metrics is None else {"PODIUM_METRICS__PORT": metrics}
    assert port_of(configured(PODIUM_WEB__PORT=web, **given)) == port


def test_a_taken_port_is_said_with_the_way_out(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = configured(PODIUM_METRICS__PORT=str(port))
        with pytest.raises(MetricsError) as refused:
            bind(config)
        with bind(config, dev=True) as other:  # who only tries it is not stopped by it
            assert other.getsockname()[1] != port
    assert "taken" in caplog.text
    error: PodiumError = refused.value
    assert report(error, config) == 1
    assert f"PODIUM_METRICS__PORT={port + 1}" in capsys.readouterr().err


async def test_the_control_file_is_there_while_the_host_runs(tmp_path: Path) -> None:
    async with hosting(tmp_path) as info:
        control = read_control(str(tmp_path / "host.json"))
        assert control is not None
        assert (control.url, control.metrics_url) == (info.url, info.metrics_url)
        plugins = f"{control.url}/api/plugins"
        assert (await fetch(plugins, Authorization=f"Bearer {control.key}"))[0] == 200
        assert (await fetch(plugins, Authorization="Bearer podium_other"))[0] == 401
        assert control.key not in repr(control)
    assert list(tmp_path.iterdir()) == []


def test_of_two_hosts_the_last_is_found_and_keeps_its_file(tmp_path: Path) -> None:
    name = str(tmp_path / "var" / "host.json")
    first, last = (Control(url="http://localhost:1", pid=each, key=f"podium_{each}") for each in (1, 2))
    with control_file(name, last):
        with control_file(name, first):
            assert read_control(name) == first
        assert read_control(name) is None
    with control_file(name, first):
        Path(name).write_bytes(b'{"url": "http://localhost:2", "pid": 2, "key": "podium_2"}')
    assert read_control(name) is not None


def test_a_file_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "var").write_text("a file where a folder should be")
    with control_file(str(tmp_path / "var" / "host.json"), Control(url="", pid=1, key="")):
        pass
    assert "the control file cannot be written" in caplog.text
    with control_file("", Control(url="", pid=1, key="")):
        pass


async def test_health_tells_the_state_of_plugins_and_keeps_its_own(tmp_path: Path) -> None:
    (tmp_path / "podium.toml").write_text("[plugins.nothing]\n")
    config = load_config(tmp_path / "podium.toml", SETTINGS | {"PODIUM_WEB__CONTROL_FILE": ""})
    async with trio.open_nursery() as nursery:
        info: Any = await nursery.start(partial(serve, config))
        status, _, body = await fetch(f"{info.url}/health")
        nursery.cancel_scope.cancel()
    health = json.loads(body)
    assert (status, health["status"], health["plugins"]) == (200, "ok", {"nothing": "failing"})
