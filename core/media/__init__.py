# SPDX-License-Identifier: Apache-2.0
"""One participant's connection: negotiation, ICE-lite, DTLS, and the trio side of the workers."""
