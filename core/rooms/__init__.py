# SPDX-License-Identifier: Apache-2.0
"""Rooms: sans-IO state (`room` and the modules it joins) and the trio shell around it (`live`, `presence`, `rooms`)."""
