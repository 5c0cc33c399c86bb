"""Maps content types of bodies without a form to a file of any audio format, or to samples without a container."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from python_multipart.multipart import parse_options_header

from hindi_stt.audio.containers import has_signature
from hindi_stt.audio.decoding import MAX_RATE_HZ, RawFormat
from hindi_stt.errors import InvalidRequest
from hindi_stt.text_values import parse_whole_number

__all__ = ["is_audio", "is_url_encoded_form", "raw_format"]

# Of a body without a type, or with the one that curl gives to every body, the first bytes tell what it is.
_UNTYPED: Final = frozenset({"", "application/x-www-form-urlencoded"})
_OTHERS: Final = frozenset({"application/ogg", "application/octet-stream", *_UNTYPED})
_FORM: Final = re.compile(rb"[A-Za-z0-9_.%\[\]-]+=")
_MAX_CHANNELS: Final = 1024
# Telephone codecs (RFC 4856) have a rate unless told otherwise; L16 (RFC 2586) has to be told.
_COMPANDED: Final[Mapping[str, Literal["ULAW", "ALAW"]]] = {"audio/pcmu": "ULAW", "audio/pcma": "ALAW"}
_COMPANDED_RATE_HZ: Final = 8_000


def is_audio(content_type: str) -> bool:
    """Whether a body of this type is a recording."""
    media = _parsed(content_type)[0]
    return media.startswith(("audio/", "video/")) or media in _OTHERS


def is_url_encoded_form(content_type: str, head: bytes) -> bool:
    """Tell whether a body is a URL-encoded form; clients also give that type to recordings.

    Args:
        content_type: The body's Content-Type.
        head: Its first bytes.

    Returns:
        Whether it is.
    """
    media = _parsed(content_type)[0]
    return media in _UNTYPED - {""} and _FORM.match(head) is not None and not has_signature(head)


def raw_format(content_type: str, head: bytes | None = None) -> RawFormat | None:
    """Tell the format of samples without a container.

    `audio/L16;rate=…;channels=…` is big-endian, as RFC 2586 has it, unless `endianness=little-endian` says otherwise.
    Clients also say `audio/basic` (RFC 2046: mu-law, 8 kHz) and `audio/pcm;rate=…` (little-endian) of files that have a
    container: for these two the first bytes decide.

    Args:
        content_type: The client's Content-Type.
        head: The first bytes of the recording, 16 or more, where they are known.

    Returns:
        The format, or None for everything else, which its first bytes tell.

    Raises:
        InvalidRequest: A parameter is missing or makes no sense.
    """
    media, parameters = _parsed(content_type)
    if media in {"audio/basic", "audio/pcm"}:
        if head is None or has_signature(head):
            return None
        if media == "audio/basic":
            return RawFormat("ULAW", _COMPANDED_RATE_HZ, 1)
        return _sixteen_bit(media, parameters, "little-endian")
    if media in _COMPANDED:
        rate = _number(parameters, "rate", _COMPANDED_RATE_HZ, MAX_RATE_HZ)
        return RawFormat(_COMPANDED[media], rate, _number(parameters, "channels", 1, _MAX_CHANNELS))
    if media != "audio/l16":
        return None
    return _sixteen_bit("audio/L16", parameters, "big-endian")


def _sixteen_bit(media: str, parameters: Mapping[str, str], default_endianness: str) -> RawFormat:
    if "rate" not in parameters:
        raise InvalidRequest(f"{media} without a container needs its rate: {media};rate=8000.")
    endian = parameters.get("endianness", default_endianness)
    if endian not in {"big-endian", "little-endian"}:
        raise InvalidRequest(f"endianness={endian[:64]!r} may be big-endian or little-endian.")
    return RawFormat(
        "PCM_16",
        _number(parameters, "rate", 0, MAX_RATE_HZ),
        _number(parameters, "channels", 1, _MAX_CHANNELS),
        "BIG" if endian == "big-endian" else "LITTLE",
    )


def _parsed(content_type: str) -> tuple[str, dict[str, str]]:
    media, parameters = parse_options_header(content_type)
    return media.decode("latin-1").lower(), {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in parameters.items()
    }


def _number(parameters: Mapping[str, str], name: str, default: int, bound: int) -> int:
    text = parameters.get(name, str(default))
    number = parse_whole_number(text, range(1, bound + 1))
    if number is None:
        raise InvalidRequest(f"{name}={text[:64]!r} of the content type is not a whole number up to {bound}.")
    return number
