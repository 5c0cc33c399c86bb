"""Speakers whom a request names, each with a recording.

In OpenAI's API these are known_speaker_names[] and known_speaker_references[].
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from hindi_stt.audio import AudioLimits
from hindi_stt.audio.decoding import decode
from hindi_stt.errors import HindiSTTError, InvalidRequest, InvalidSpeakerReference
from hindi_stt.speakers.vectors import unit
from hindi_stt.speakers.windows import windows_of
from hindi_stt.types import Float32

if TYPE_CHECKING:
    from hindi_stt.speakers.embedder import Embedder

__all__ = ["KnownSpeaker", "SpeakerReference", "enrol", "match_known", "parse_references"]

_NAMES: Final = "known_speaker_names"
_REFERENCES: Final = "known_speaker_references"
_MAX_SPEAKERS: Final = 4  # OpenAI's bound
_MAX_NAME: Final = 64
# What speakers without a name are called.
_TAKEN: Final = re.compile(r"(speaker[ _]\d+|[a-z])", re.IGNORECASE)
_DATA_URL: Final = re.compile(r"data:(?P<type>[\w.+/-]*)(;[\w.+=\"-]+)*;base64,(?P<data>[A-Za-z0-9+/=_\s-]*)", re.ASCII)
_SERVER_ERROR: Final = 500
_URL_SAFE: Final = str.maketrans("-_", "+/")
# Bounds on a reference in seconds, as OpenAI states them; recorders and codecs add some milliseconds.
_MIN_S: Final = 2.0
_MAX_S: Final = 10.0
_TOLERANCE_S: Final = 0.1
# By how much a speaker may be less like the reference than like his own other turns.
_MARGIN: Final = 0.1


@dataclass(frozen=True, slots=True)
class SpeakerReference:
    """What a request sends of a speaker: a name, and a recording of any format."""

    name: str
    recording: bytes


@dataclass(frozen=True, slots=True)
class KnownSpeaker:
    """A speaker's name and embedding, of unit length."""

    name: str
    embedding: tuple[float, ...]


def parse_references(names: Sequence[str], references: Sequence[str]) -> tuple[SpeakerReference, ...]:
    """Parse the fields of a request.

    Args:
        names: Values of known_speaker_names[].
        references: Values of known_speaker_references[]: data URLs with recordings in base64.

    Returns:
        A reference for each name.

    Raises:
        InvalidRequest: There are not as many references as names, more than four, or a name that cannot be used.
        InvalidSpeakerReference: A reference is no data URL in base64.
    """
    if len(names) != len(references):
        raise InvalidRequest(
            f"There are {len(names)} known_speaker_names and {len(references)} known_speaker_references: each name "
            "needs one reference, in the same order.",
            param=_REFERENCES if names else _NAMES,
        )
    if len(names) > _MAX_SPEAKERS:
        raise InvalidRequest(f"There are {len(names)} known speakers; the limit is {_MAX_SPEAKERS}.", param=_NAMES)
    plain = [name.strip() for name in names]
    for name in plain:
        if not name or len(name) > _MAX_NAME or not name.isprintable() or _TAKEN.fullmatch(name):
            raise InvalidRequest(
                f"A known speaker cannot be called {name[:_MAX_NAME]!r}: a name has 1 to {_MAX_NAME} printable "
                "characters, and is neither a single letter nor like 'Speaker 1', the names of unknown speakers.",
                param=_NAMES,
            )
    if len(set(plain)) < len(plain):
        raise InvalidRequest("Two known speakers have the same name.", param=_NAMES)
    return tuple(SpeakerReference(name, _recording(name, url)) for name, url in zip(plain, references, strict=True))


def _recording(name: str, url: str) -> bytes:
    match = _DATA_URL.fullmatch(url.strip())
    if match is None:
        raise InvalidSpeakerReference(f"The reference of {name!r} is not a data URL; write data:audio/wav;base64,….")
    data = "".join(match["data"].split()).translate(_URL_SAFE)
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise InvalidSpeakerReference(f"The reference of {name!r} is not base64: {error}.") from error


def enrol(references: Sequence[SpeakerReference], embedder: Embedder, limits: AudioLimits) -> tuple[KnownSpeaker, ...]:
    """Compute what speakers are recognised by. Blocks: it decodes audio.

    Args:
        references: Of the request.
        embedder: The speaker model.
        limits: Bounds on recordings: of channels, and of the process that decodes them.

    Returns:
        The speakers, in the same order.

    Raises:
        InvalidSpeakerReference: A recording cannot be decoded, has no speech, or is not 2 to 10 seconds long.
        HindiSTTError: What the models raise.
    """
    return tuple(KnownSpeaker(one.name, _embedding(one, embedder, limits)) for one in references)


def _embedding(reference: SpeakerReference, embedder: Embedder, limits: AudioLimits) -> tuple[float, ...]:
    bounds = AudioLimits(_MAX_S + _TOLERANCE_S, _MIN_S - _TOLERANCE_S, limits.max_channels, limits.child)
    try:
        samples = decode(reference.recording, embedder.sample_rate, bounds).samples
    except HindiSTTError as error:
        if error.status >= _SERVER_ERROR:
            raise
        raise InvalidSpeakerReference(
            f"The reference of {reference.name!r} cannot be used: {error.message} A reference has {_MIN_S:g} to "
            f"{_MAX_S:g} seconds of one voice."
        ) from error
    stretches = embedder.find_speech(samples).stretches
    spans = [span for start, end in stretches for span in windows_of(start, end, embedder.window_samples)]
    if not spans:
        raise InvalidSpeakerReference(f"The reference of {reference.name!r} has no speech.")
    mean = unit(unit(embedder([samples[start:end] for start, end in spans])).mean(axis=0))
    return tuple(float(value) for value in mean)


def match_known(means: Float32, known: Sequence[KnownSpeaker], same_speaker: float) -> dict[int, str]:
    """Find known speakers among groups, the most alike first; each is at most one group.

    Args:
        means: Mean embeddings of the groups, of unit length, float32 [groups, dimension].
        known: The known speakers.
        same_speaker: Cosine similarity of the means of two clusters from which they are one speaker.

    Returns:
        Names by group.
    """
    found: dict[int, str] = {}
    # A job may have been made with another speaker model, whose embeddings mean nothing here.
    known = [speaker for speaker in known if len(speaker.embedding) == means.shape[1]]
    if not len(means) or not known:
        return found
    similarity = means @ np.array([speaker.embedding for speaker in known], np.float32).T
    for place in np.argsort(-similarity, axis=None, kind="stable"):
        group, speaker = divmod(int(place), len(known))
        if similarity[group, speaker] < same_speaker - _MARGIN:
            break
        if group not in found and known[speaker].name not in found.values():
            found[group] = known[speaker].name
    return found
