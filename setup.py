# SPDX-License-Identifier: Apache-2.0
"""Build of the three trees and of the Cython modules; everything else is in pyproject.toml.

The folders core/, plugins/ and hosts/ are the packages podium.core, podium.plugins and podium.hosts. Cython
resolves `cimport podium.core.x` through folder names, so the build lays out one folder of that shape.
Cython runs when modules are built and not for an sdist or metadata. `PODIUM_DEBUG_BUILD=1` compiles with bounds
checks, assertions and without optimization; `PODIUM_SANITIZE=address,undefined` instruments with those sanitizers.
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext

TREES = ("core", "plugins", "hosts")
SANITIZE = os.environ.get("PODIUM_SANITIZE")
DEBUG = os.environ.get("PODIUM_DEBUG_BUILD") == "1"
BUILD = Path("build/cython")


def packages() -> list[str]:
    found = []
    for tree in TREES:
        found += [f"podium.{tree}"] + [f"podium.{tree}.{name}" for name in find_packages(tree)]
    return found


def extensions() -> list[Extension]:
    flags = ["-O0", "-g"] if DEBUG else ["-O3", "-g"]
    link = [f"-fsanitize={SANITIZE}"] if SANITIZE else []
    flags += [*link, "-fno-omit-frame-pointer"] if SANITIZE else []
    return [
        Extension(f"podium.core.{path.stem}", [str(path)], extra_compile_args=flags, extra_link_args=link)
        for path in sorted(Path("core").glob("*.pyx"))
    ]


class BuildModules(build_ext):
    """Cython and the C compiler, both on all processors."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def build_extensions(self) -> None:
        for module, translated in zip(self.extensions, translate(self.extensions), strict=True):
            module.sources = translated.sources
        super().build_extensions()


def translate(modules: list[Extension]) -> list[Extension]:
    """The same modules with C sources."""
    include = BUILD / "podium"
    include.mkdir(parents=True, exist_ok=True)
    link = include / "core"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("core").resolve(), target_is_directory=True)
    return cythonize(
        modules,
        build_dir=str(BUILD / "c"),
        include_path=[str(BUILD)],
        nthreads=os.cpu_count() or 1,
        compiler_directives={
            "language_level": "3",
            "boundscheck": DEBUG,
            "wraparound": False,
            "initializedcheck": DEBUG,
            "cdivision": True,
            "freethreading_compatible": False,
        },
    )


setup(
    packages=packages(),
    package_dir={f"podium.{tree}": tree for tree in TREES},
    ext_modules=extensions(),
    cmdclass={"build_ext": BuildModules},
)
