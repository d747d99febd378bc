# SPDX-License-Identifier: Apache-2.0
"""The history of the plugin's table, one file for each change. What has been released is not edited any more."""
