# SPDX-License-Identifier: Apache-2.0
"""`python -m podium.hosts.cli` is the `podium` command."""

import sys

from podium.hosts.cli import main

sys.exit(main())
