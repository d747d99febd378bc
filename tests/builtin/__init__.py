# SPDX-License-Identifier: Apache-2.0
"""The built-in plugins, all of them running beside each other, or all but some: `pytest --without-plugin NAME`."""
