# SPDX-License-Identifier: Apache-2.0
"""The history of scheduling's tables."""
