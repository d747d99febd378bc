# SPDX-License-Identifier: Apache-2.0
"""Slow, plain implementations of what the fast modules do, written from the standards rather than from that code.

Nothing in here imports podium. Bytes are taken one field at a time from a reader that refuses to go beyond the end.
"""
