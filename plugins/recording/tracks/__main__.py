# SPDX-License-Identifier: Apache-2.0
"""`python -m podium.plugins.recording.tracks`; see `process`."""

import sys

from podium.plugins.recording.tracks.process import main

sys.exit(main())
