# SPDX-License-Identifier: Apache-2.0
"""Work on recordings: from captured packets to a stored film, whatever happens meanwhile."""
