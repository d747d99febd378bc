# SPDX-License-Identifier: Apache-2.0
"""The host as its peers see it: real UDP and WebSockets on loopback against independent implementations."""
