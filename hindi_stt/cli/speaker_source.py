"""The speaker model of the process, as the settings name it."""

from __future__ import annotations

from hindi_stt.bundle.speakers import SpeakerBundle
from hindi_stt.settings import get_settings
from hindi_stt.speakers.source import SpeakerSource

__all__ = ["speaker_source"]


def speaker_source() -> SpeakerSource:
    """The speaker model; nothing is opened before it is needed."""
    return SpeakerSource(_resolve)


def _resolve() -> SpeakerBundle:
    from hindi_stt.bundle import store  # here, because importing BentoML takes seconds

    return store.resolve_speakers(get_settings())
