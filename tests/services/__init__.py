# SPDX-License-Identifier: Apache-2.0
"""Real services that the test session starts and stops."""
