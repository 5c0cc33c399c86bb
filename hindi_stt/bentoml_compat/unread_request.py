"""A body that BentoML hands over unread.

What: overrides how BentoML reads an API's input. Why: BentoML's parser has no bounds on a body, and fetches a URL that
it finds in a file field, whatever host it names.
"""

from __future__ import annotations

from typing import Any, Self

from bentoml import IODescriptor
from starlette.requests import Request

__all__ = ["UnreadRequest"]


class UnreadRequest(IODescriptor):
    """Base of an API's input with one field, which describes the body in BentoML's schema and gets the request."""

    @classmethod
    async def from_http_request(cls, request: Request, serde: Any) -> Self:  # noqa: ARG003  # the signature is BentoML's
        """Take a request as it is.

        Args:
            request: The request; none of its body has been read.
            serde: BentoML's parser for its content type.

        Returns:
            An object whose one field is the request.
        """
        (field,) = cls.model_fields
        unread: Self = cls.model_construct(**{field: request})
        return unread
