# SPDX-License-Identifier: Apache-2.0
"""Which addresses to announce as ICE candidates when the configuration names none: those of this machine's interfaces.

A machine behind a one-to-one NAT, as in most clouds, cannot find its public address here and has to be told it.
"""

import ipaddress
from collections.abc import Iterable

import ifaddr


def reachable_addresses(bound: str, *, loopback: bool) -> tuple[str, ...]:
    """Where a socket bound to `bound` can be reached: there, or on all interfaces if that is unspecified."""
    address = ipaddress.ip_address(bound)
    if not address.is_unspecified:
        return (bound,)
    return choose_addresses(_interface_addresses(), ipv6=address.version == 6, loopback=loopback)


def choose_addresses(addresses: Iterable[str], *, ipv6: bool, loopback: bool) -> tuple[str, ...]:
    """Those of use to a browser, IPv4 first: no link-local ones, loopback if asked for or nothing else is left."""
    parsed = sorted(map(ipaddress.ip_address, set(addresses)), key=lambda address: (address.version, address.packed))
    usable = [address for address in parsed if not address.is_link_local and (ipv6 or address.version == 4)]
    outward = [str(address) for address in usable if not address.is_loopback]
    inward = [str(address) for address in usable if address.is_loopback]
    return tuple(outward + inward if loopback or not outward else outward)


def _interface_addresses() -> list[str]:
    addresses = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    return [address if isinstance(address, str) else address[0] for address in addresses]
