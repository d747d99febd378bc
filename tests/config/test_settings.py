# SPDX-License-Identifier: Apache-2.0
"""The settings themselves: defaults, what is derived from them, and that they can be relied on."""

import os

import pytest

from podium.core.config import Config, DatabaseConfig, IpAddress, MediaConfig, PortRange


def test_the_defaults_are_those_of_the_documentation() -> None:
    config = Config()
    assert (config.web.port, config.grpc.port, config.metrics.port) == (8082, 50052, 9092)
    assert str(config.media.ports) == "50000-50100"
    assert config.rooms.max_participants == 50


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Config().web.port = 1  # type: ignore[misc]  # the point of the test


def test_as_many_workers_as_cores_unless_said_otherwise() -> None:
    assert MediaConfig().worker_count == os.cpu_count()
    assert MediaConfig(workers=7).worker_count == 7


def test_never_more_workers_than_ports() -> None:
    assert MediaConfig(ports=PortRange(40000, 40000)).worker_count == 1
    assert MediaConfig(ports=PortRange(0, 0), workers=3).worker_count == 3


def test_a_secret_does_not_show_in_a_representation() -> None:
    config = Config(database=DatabaseConfig(url="postgresql://podium:hunter2@db/podium"))
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(("text", "first", "last"), [("50000-50100", 50000, 50100), ("7000", 7000, 7000), ("0", 0, 0)])
def test_a_range_of_ports_reads_as_written(text: str, first: int, last: int) -> None:
    ports = PortRange.parse(text)
    assert (ports.first, ports.last) == (first, last)
    assert str(ports) == text
    assert list(ports.ports)[-1] == last


@pytest.mark.parametrize("text", ["", "5-", "-5", "9-8", "0-8", "1-65536", "70000", "a-b", "1-2-3", "1.5", "\u0661"])
def test_anything_else_is_no_range_of_ports(text: str) -> None:
    with pytest.raises(ValueError):
        PortRange.parse(text)


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "1.2.3.4.5", "::g", "1.2.3.4:5"])
def test_only_addresses_are_addresses(text: str) -> None:
    with pytest.raises(ValueError):
        IpAddress(text)


def test_an_address_is_text() -> None:
    assert IpAddress("2001:db8::1") == "2001:db8::1"
