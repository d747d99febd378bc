# SPDX-License-Identifier: Apache-2.0
"""podium.plugins"""

if __name__ != "podium.plugins":
    raise ImportError(
        f"import this package as podium.plugins, not as {__name__}: install the distribution (pip install -e .)"
    )
