# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: each prints its figures with the way they were measured. Run them from the repository's root."""
