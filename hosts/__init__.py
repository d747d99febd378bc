# SPDX-License-Identifier: Apache-2.0
"""podium.hosts"""

if __name__ != "podium.hosts":
    raise ImportError(
        f"import this package as podium.hosts, not as {__name__}: install the distribution (pip install -e .)"
    )
