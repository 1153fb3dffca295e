"""What hatchling runs when newsgate is installed: the C sources become a library, where there is a compiler."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags


class BuildHook(BuildHookInterface):  # type: ignore[type-arg,unused-ignore]
    """Puts the library into the wheel. Without a compiler the wheel is pure Python, and slower."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; `version` is `editable` where the library is used from this folder."""
        sys.path.insert(0, self.root)
        try:
            from newsgate.model.native.build import CannotBuildError, build
        finally:
            sys.path.remove(self.root)
        try:
            library = build()
        except CannotBuildError as error:
            self.app.display_warning(f"newsgate will classify about half as fast: {error}")
            return
        build_data["artifacts"].append(f"/{library.relative_to(Path(self.root)).as_posix()}")
        build_data["pure_python"] = False
        # The library knows nothing of Python: one wheel serves every version of it.
        build_data["tag"] = f"py3-none-{_platform()}"


def _platform() -> str:
    """What this machine is called in wheels. For others of its kind `auditwheel` says which, once it has looked."""
    return next(
        tag.platform for tag in sys_tags() if "manylinux" not in tag.platform and "musllinux" not in tag.platform
    )
