# SPDX-License-Identifier: Apache-2.0
"""podium.core"""

if __name__ != "podium.core":
    raise ImportError(f"import this package as podium.core, not as {__name__}: install the distribution (pip install -e .)")
