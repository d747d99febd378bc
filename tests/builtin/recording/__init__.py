# SPDX-License-Identifier: Apache-2.0
"""Capture, composition and storage of recordings."""
