# SPDX-License-Identifier: Apache-2.0
"""The columns of `Worker.statistics`."""

import numpy as np

STATISTICS_DTYPE: np.dtype[np.void]
