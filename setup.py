# SPDX-License-Identifier: Apache-2.0
"""Build of the three trees and of the Cython modules; everything else is in pyproject.toml.

The folders core/, plugins/ and hosts/ are the packages podium.core, podium.plugins and podium.hosts. Cython
resolves `cimport podium.core.x` through folder names, so the build lays out one folder of that shape.
`PODIUM_DEBUG_BUILD=1` compiles with bounds checks, assertions and without optimization.
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, find_packages, setup

TREES = ("core", "plugins", "hosts")
DEBUG = os.environ.get("PODIUM_DEBUG_BUILD") == "1"
BUILD = Path("build/cython")


def packages() -> list[str]:
    found = []
    for tree in TREES:
        found += [f"podium.{tree}"] + [f"podium.{tree}.{name}" for name in find_packages(tree)]
    return found


def extensions() -> list[Extension]:
    include = BUILD / "podium"
    include.mkdir(parents=True, exist_ok=True)
    link = include / "core"
    if not link.is_symlink():
        link.symlink_to(Path("core").resolve(), target_is_directory=True)
    flags = ["-O0", "-g"] if DEBUG else ["-O3", "-g"]
    modules = [
        Extension(f"podium.core.{path.stem}", [str(path)], extra_compile_args=flags)
        for path in sorted(Path("core").glob("*.pyx"))
    ]
    directives = {
        "language_level": "3",
        "boundscheck": DEBUG,
        "wraparound": False,
        "initializedcheck": DEBUG,
        "cdivision": True,
        "freethreading_compatible": False,
    }
    return cythonize(
        modules,
        build_dir=str(BUILD / "c"),
        include_path=[str(BUILD)],
        compiler_directives=directives,
    )


setup(
    packages=packages(),
    package_dir={f"podium.{tree}": tree for tree in TREES},
    ext_modules=extensions(),
)
