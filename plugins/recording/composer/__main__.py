# SPDX-License-Identifier: Apache-2.0
"""`python -m podium.plugins.recording.composer`; see `process`."""

import sys

from podium.plugins.recording.composer.process import main

sys.exit(main())
