# SPDX-License-Identifier: Apache-2.0
"""Which addresses are announced."""

from podium.core.media.addresses import choose_addresses, reachable_addresses

FOUND = ["::1", "fe80::1", "2001:db8::1", "127.0.0.1", "192.0.2.9", "10.0.0.2", "169.254.0.1"]


def test_addresses_that_browsers_reach_are_chosen_ipv4_first() -> None:
    assert choose_addresses(FOUND, ipv6=True, loopback=False) == ("10.0.0.2", "192.0.2.9", "2001:db8::1")


def test_without_ipv6_only_ipv4_is_announced() -> None:
    assert choose_addresses(FOUND, ipv6=False, loopback=False) == ("10.0.0.2", "192.0.2.9")


def test_loopback_comes_last_if_asked_for_and_alone_if_there_is_nothing_else() -> None:
    assert choose_addresses(FOUND, ipv6=True, loopback=True)[-2:] == ("127.0.0.1", "::1")
    assert choose_addresses(["127.0.0.1", "fe80::1"], ipv6=True, loopback=False) == ("127.0.0.1",)


def test_a_socket_bound_to_one_address_is_reached_there() -> None:
    assert reachable_addresses("192.0.2.9", loopback=True) == ("192.0.2.9",)


def test_this_machine_has_an_address() -> None:
    assert reachable_addresses("::", loopback=True)
