# SPDX-License-Identifier: Apache-2.0
"""Peers that tests and benchmarks share: an aiortc peer, a synthetic RTP peer and a lossy UDP relay.

Nothing in here imports podium, so that what a peer says about the packets it got is said independently.
"""
