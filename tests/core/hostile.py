# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies for bytes from the network: right ones, nearly right ones, and noise."""

from hypothesis import strategies as st


@st.composite
def mutated(draw: st.DrawFn, packets: st.SearchStrategy[bytes]) -> bytes:
    """A right packet with a few bytes changed, inserted or cut off."""
    data = bytearray(draw(packets))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["change", "insert", "cut", "delete"])):
            case "change":
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=4))
            case "cut":
                del data[at:]
            case _:
                del data[at : at + 1]
    return bytes(data)


def hostile(packets: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.one_of(packets, mutated(packets), st.binary(max_size=64))
