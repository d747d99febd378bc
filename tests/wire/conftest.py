# SPDX-License-Identifier: Apache-2.0
"""One running host for each module of wire tests."""

from collections.abc import Iterator

import pytest

from tests.peers.dtls import Identity
from tests.wire.host import Host, running_host


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with running_host(tmp_path_factory.mktemp("host")) as running:
        yield running


@pytest.fixture(scope="session")
def identity() -> Identity:
    """A certificate that the synthetic peers share, because making one takes a while."""
    return Identity()
