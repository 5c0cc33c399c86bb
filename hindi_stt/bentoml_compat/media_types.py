"""Patch: the media type of each API's responses is found once.

What: stores what BentoML would compute for each response. Why: BentoML 1.4.40 makes a JSON schema of the output type
for each response that is not a model of its own, to see whether it is a string or a file: 1.5 ms of the event loop.
"""

from __future__ import annotations

from typing import Any

__all__ = ["remember_media_types"]


def remember_media_types(service: Any) -> None:
    """Find the media types of a service.

    Args:
        service: A class decorated by BentoML.
    """
    for api in service.apis.values():
        api.output_spec.media_type = api.output_spec.mime_type()
