"""One call while it goes on: its events to the feed, and its transcript when it has ended."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hindi_stt import render
from hindi_stt.api.middleware.credentials import holds_key
from hindi_stt.errors import HindiSTTError
from hindi_stt.protocols.adapter import CallInfo, Note, TrackSpec
from hindi_stt.protocols.calls.feed import ENDED, STARTED, CallFeed, now_s
from hindi_stt.protocols.options import ConnectionOptions
from hindi_stt.streaming import Event, Partial, Utterance
from hindi_stt.types import Segment, Transcript

__all__ = ["CallRecorder", "EndedCall", "Store"]

_USABLE_ID: Final = re.compile(r"[A-Za-z0-9_.:@-]{1,128}")
# Digits that are pressed may be a card's number: where words are masked, they are not passed on.
_HIDDEN: Final = "•"


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call that has ended.

    Attributes:
        id: Its id.
        protocol: The protocol that it came by.
        tracks: Label of each channel of the transcript.
        started: When it began, in seconds since 1970.
        facts: What the platform said of it.
        options: Its options.
        transcript: What was said; channels are tracks.
    """

    id: str
    protocol: str
    tracks: tuple[str, ...]
    started: float
    facts: dict[str, str]
    options: ConnectionOptions
    transcript: Transcript


Store = Callable[[str, EndedCall], Awaitable[str | None]]
"""Takes the owner and the call; returns the id of the job that has its transcript, None where it cannot be stored."""


class CallRecorder:
    """See `CallListener`.

    Args:
        feed: Gets the events.
        owner: Whose call it is.
        protocol: The protocol that it comes by.
        info: What the platform says of it.
        specs: Its tracks.
        options: Its options.
    """

    def __init__(
        self,
        feed: CallFeed,
        owner: str,
        protocol: str,
        info: CallInfo,
        specs: Sequence[TrackSpec],
        options: ConnectionOptions,
    ) -> None:
        self._feed = feed
        self.owner = owner
        self._protocol = protocol
        self._options = options
        self._tracks = tuple(spec.label for spec in specs)
        # Whoever listens to the call sees them.
        self._facts = {name: value for name, value in info.facts.items() if not holds_key(value)}
        self._stable = [""] * len(self._tracks)
        self._segments: list[Segment] = []
        self._warnings: list[str] = []
        self._started_s = now_s()
        self.id = info.id if _USABLE_ID.fullmatch(info.id) else f"call_{secrets.token_hex(12)}"

    async def make_unique(self, free: Callable[[str], Awaitable[bool]]) -> None:
        """Change the id where another call has it.

        Args:
            free: Whether an id is not in use, and so is the caller's from here on.
        """
        first, n = self.id, 2
        while not await free(self.id):
            self.id = f"{first}.{n}"
            n += 1

    def begin(self) -> None:
        """Tell the feed that the call has begun."""
        event = self._event(
            STARTED, protocol=self._protocol, tracks=list(self._tracks), facts=self._facts, time=self._started_s
        )
        self._feed.begin(self.owner, self.id, event)
        if self._options.warnings:
            self.warned(self._options.warnings)

    def heard(self, track: int, event: Event) -> None:
        """See `CallListener.heard`."""
        if isinstance(event, Utterance):
            self._final(track, event)
        elif isinstance(event, Partial):
            stable = " ".join(filter(None, [self._stable[track], *(word.text for word in event.stable)]))
            self._stable[track] = stable
            unstable = " ".join(word.text for word in event.unstable)
            self._publish("partial", lasting=False, track=self._tracks[track], text=stable, unstable=unstable)

    def noted(self, note: Note) -> None:
        """See CallListener."""
        masked = note.kind == "dtmf" and bool(self._options.model_request.options.text.mask)
        self._publish(note.kind, value=_HIDDEN * len(note.value) if masked else note.value)

    def lost(self, track: int | None, error: HindiSTTError) -> None:
        """See `CallListener.lost`."""
        where: dict[str, Any] = {} if track is None else {"track": self._tracks[track]}
        self._publish("error", code=error.code, message=error.message, help=error.help, **where)
        if track is not None:
            self._warnings.append(f"{self._tracks[track]}: an utterance was lost: {error.code}")

    def warned(self, warnings: Sequence[str]) -> None:
        """See CallListener."""
        self._warnings += warnings
        self._publish("warning", warnings=list(warnings))

    async def ended(self, audio_s: Sequence[float], error: HindiSTTError | None, store: Store) -> None:
        """Store the transcript, and tell the feed that the call has ended.

        Args:
            audio_s: Seconds of audio of each track.
            error: Why the server ended the call, if it did.
            store: Stores the call.
        """
        transcript = self._transcript(max(audio_s, default=0.0))
        call = EndedCall(self.id, self._protocol, self._tracks, self._started_s, self._facts, self._options, transcript)
        job_id = None
        try:
            job_id = await store(self.owner, call)
        finally:  # a call that is never said to have ended would be live for ever
            stored: dict[str, Any] = {"job": job_id, "transcript": f"/v1/jobs/{job_id}/files/0"} if job_id else {}
            reason = error.code if error else "end"
            duration = round(transcript.duration_s, 3)
            self._publish(ENDED, reason=reason, duration=duration, warnings=list(transcript.warnings), **stored)

    def _final(self, track: int, utterance: Utterance) -> None:
        self._stable[track] = ""
        if utterance.words:
            self._segments += [replace(segment, channel=track) for segment in utterance.segments]
        self._warnings += [f"{self._tracks[track]}: {warning}" for warning in utterance.warnings]
        self._publish(
            "final",
            track=self._tracks[track],
            text=utterance.text,
            start=round(utterance.start_s, 3),
            end=round(utterance.end_s, 3),
            words=[render.word_json(word) for word in utterance.words],
            warnings=list(utterance.warnings),
        )

    def _transcript(self, duration_s: float) -> Transcript:
        language = self._options.model_request.pipeline.bundle.manifest.language
        segments = sorted(self._segments, key=lambda segment: (segment.start_s, segment.channel or 0))
        return Transcript(language, duration_s, tuple(segments), tuple(dict.fromkeys(self._warnings)))

    def _publish(self, kind: str, *, lasting: bool = True, **body: Any) -> None:
        self._feed.publish(self.owner, self.id, self._event(kind, **body), lasting=lasting)

    def _event(self, kind: str, **body: Any) -> dict[str, Any]:
        return {"type": kind, "call": self.id, **body}
