# SPDX-License-Identifier: Apache-2.0
"""Invitations, replies and feeds."""
