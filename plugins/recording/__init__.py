# SPDX-License-Identifier: Apache-2.0
"""podium.plugins.recording: classes that record themselves."""
