"""Programs that tests need and a machine may lack."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

__all__ = ["missing"]


def missing(program: str) -> NoReturn:
    """Skip the test, or fail where every tool has to be there (HINDI_STT_TEST_TOOLS=required, as in .ci/run)."""
    if os.environ.get("HINDI_STT_TEST_TOOLS") == "required":
        pytest.fail(f"{program} is not installed")
    pytest.skip(f"{program} is not installed")
