# SPDX-License-Identifier: Apache-2.0
"""The plugin framework: declaring plugins (`plugin`, `hooks`), running them (`manager`), calling them (`facade`)."""
