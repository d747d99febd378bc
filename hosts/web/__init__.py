# SPDX-License-Identifier: Apache-2.0
"""The web host: pages for browsers, the client library `podium.js`, signaling over WebSockets, and health.

`podium.hosts.web.server.serve` runs it.
"""
