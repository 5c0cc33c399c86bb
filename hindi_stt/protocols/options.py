"""The options of a connection: parameters that its protocol carries → how its tracks are transcribed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hindi_stt.api.forms.transcription_request import ModelRequest, parse_model_requests
from hindi_stt.api.live.track import TrackConfig
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import InvalidHotwords, InvalidRequest, SpeakersNotInstalled
from hindi_stt.protocols.adapter import Configure, Start
from hindi_stt.speakers.options import FIELDS as SPEAKERS
from hindi_stt.speakers.options import SpeakerOptions
from hindi_stt.streaming import TurnDetection
from hindi_stt.text_values import parse_whole_number
from hindi_stt.transcription.options import FIELDS as OPTIONS
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Punctuation

__all__ = [
    "MAX_RATE",
    "MIN_RATE",
    "PARAMETERS",
    "SILENCE_MS",
    "ConnectionOptions",
    "best_punctuation",
    "parse_options",
    "parse_rate",
    "usable_phrases",
    "why_no_speakers",
]

MIN_RATE: Final = 8_000
MAX_RATE: Final = 48_000
_MAX_PHRASES: Final = 200
# Of a phrase that a warning is about.
_SHOWN_LETTERS: Final = 64
_SILENCE: Final = "silence_ms"
SILENCE_MS: Final = range(50, 10_001)
"""Silence that may end an utterance, in milliseconds."""

PARAMETERS: Final = ("model", "language", "prompt", *OPTIONS, _SILENCE)
"""The parameters that mean something; others are passed on to whoever listens to a call."""


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """The options in force.

    Attributes:
        tracks: For each track.
        warnings: What of the parameters has no effect, in words.
    """

    tracks: tuple[TrackConfig, ...]
    warnings: tuple[str, ...]

    @property
    def model_request(self) -> ModelRequest:
        """The model of all tracks, and its options."""
        return self.tracks[0].model_request

    @property
    def model(self) -> str:
        """Tag of the model."""
        return self.tracks[0].model


def parse_options(
    wanted: Start | Configure, recognizer: Recognizer, defaults: Mapping[str, str] | None = None
) -> ConnectionOptions:
    """Parse what a connection asks for.

    Its parameters go by the names of the file API's fields, and `silence_ms`: silence that ends an utterance, 50 to
    10,000; without, utterances end where long files are cut. Empty values and unknown names are ignored.

    Args:
        wanted: The command of its adapter, with at least one track.
        recognizer: Holds the models.
        defaults: Parameters that hold where the connection gives no others.

    Returns:
        The options.

    Raises:
        InvalidRequest: A value cannot be used.
        UnknownModel: The server does not have the model.
        UnknownLanguage: The server refuses the language.
    """
    sent = {name: value for name, value in wanted.parameters.items() if value}
    both = {**(defaults or {}), **sent}
    speakers, no_speakers = _speakers(wanted, recognizer, defaults or {})
    given = {name: value for name in PARAMETERS if (value := both.get(name, ""))}
    turns = _turns(given.pop(_SILENCE, ""))
    if wanted.punctuated and "punctuation" not in sent and given.get("punctuation", "off") == "off":
        choice = recognizer.registry.choose(given.get("model"), [given["language"]] if "language" in given else [])
        given["punctuation"] = best_punctuation(recognizer.pipelines[bundle.tag] for bundle in choice.bundles)
    given |= speakers
    model_request, *others = parse_model_requests(given, {}, recognizer)
    if others:
        offered = ", ".join(one.pipeline.bundle.manifest.language for one in (model_request, *others))
        raise InvalidRequest(
            f"Only recordings can have several languages; a connection takes one of {offered}.",
            param="language",
        )
    if wanted.phrases:
        model_request = _with_phrases(given, wanted.phrases, model_request, recognizer)
    tracks = tuple(TrackConfig(model_request, spec.audio, turns=turns) for spec in wanted.tracks)
    return ConnectionOptions(tracks, (*model_request.warnings, *no_speakers))


def _speakers(
    wanted: Start | Configure, recognizer: Recognizer, defaults: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """How speakers are told apart, and a warning where it is asked for and they cannot be."""
    if wanted.speakers is None:
        return {}, []
    fields = {name: value for name in SPEAKERS if (value := {**defaults, **wanted.speakers}.get(name, ""))}
    if not SpeakerOptions().updated(fields).diarize:
        return {}, []
    why = why_no_speakers(recognizer.pipelines[recognizer.registry.default.tag], n_tracks=len(wanted.tracks))
    return ({}, [f"diarize: has no effect: {why}"]) if why else (fields, [])


def why_no_speakers(pipeline: Pipeline, *, n_tracks: int) -> str:
    """Tell why speakers cannot be told apart: clients of some protocols ask for it as a matter of course.

    Args:
        pipeline: Of any model.
        n_tracks: Channels that are transcribed by themselves.

    Returns:
        The reason; empty where they can.
    """
    if n_tracks > 1:
        return "with multichannel each channel is a speaker"
    try:
        pipeline.speakers.bundle()
    except SpeakersNotInstalled as error:
        return f"{error.message} {error.help}"
    return ""


def _with_phrases(
    given: Mapping[str, str], phrases: Sequence[str], model_request: ModelRequest, recognizer: Recognizer
) -> ModelRequest:
    """Add phrases as hotwords; those that cannot be used are named in a warning."""
    usable, warnings = usable_phrases(phrases, model_request.pipeline)
    hotwords = ",".join(filter(None, [*usable, given.get("hotwords", "")]))
    if hotwords:
        model_request = parse_model_requests({**given, "hotwords": hotwords}, {}, recognizer)[0]
    return replace(model_request, warnings=(*model_request.warnings, *warnings))


def usable_phrases(phrases: Sequence[str], pipeline: Pipeline) -> tuple[list[str], list[str]]:
    """Choose the phrases that a model can be told to listen for.

    Args:
        phrases: What a client listed.
        pipeline: Of the model.

    Returns:
        Hotwords, and warnings that name what was left out.
    """
    usable, left_out = [], []
    # Commas and colons separate hotwords and their weights.
    for phrase in (" ".join(phrase.replace(",", " ").replace(":", " ").split()) for phrase in phrases[:_MAX_PHRASES]):
        try:
            pipeline.options({"hotwords": phrase})
        except InvalidHotwords:
            left_out.append(phrase[:_SHOWN_LETTERS])
        else:
            usable.append(phrase)
    shown = ", ".join(left_out[:8]) + (", …" if len(left_out) > 8 else "")
    warnings = [f"phrases: left out, since the model cannot write them: {shown}"] if left_out else []
    if len(phrases) > _MAX_PHRASES:
        warnings.append(f"phrases: only the first {_MAX_PHRASES} of {len(phrases)} have an effect")
    return usable, warnings


def best_punctuation(pipelines: Iterable[Pipeline]) -> Punctuation:
    """Choose the punctuation for a client that asks for it without saying which.

    Args:
        pipelines: Of the models that may transcribe.

    Returns:
        The server's own kind where it has one; else `model` where each of the models has a network for it, and
        `pauses` where one has none.
    """
    offered = list(pipelines)
    for one in offered:  # the settings are the same for all
        if one.defaults.text.punctuation != "off":
            return one.defaults.text.punctuation
    return "model" if all("model" in one.writer.punctuations for one in offered) else "pauses"


def parse_rate(value: object) -> int:
    """Parse a sample rate, as a number or as text.

    Args:
        value: What the client sent.

    Returns:
        Hz.

    Raises:
        InvalidRequest: It is no whole number from 8,000 to 48,000.
    """
    try:
        rate = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        rate = 0.0
    if not MIN_RATE <= rate <= MAX_RATE or rate != int(rate):
        raise InvalidRequest(f"The sample rate is a whole number from {MIN_RATE} to {MAX_RATE}.", param="sample_rate")
    return int(rate)


def _turns(silence_ms: str) -> TurnDetection | None:
    if not silence_ms:
        return None
    found = parse_whole_number(silence_ms, SILENCE_MS)
    if found is None:
        raise InvalidRequest(f"{_SILENCE} is a whole number from {SILENCE_MS[0]} to {SILENCE_MS[-1]}.", param=_SILENCE)
    return TurnDetection(silence_duration_ms=found)
