"""The utterances of a realtime connection: audio into a stream, and the stream's events to the client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping

from hindi_stt import render
from hindi_stt.access.limits import Client
from hindi_stt.api.live.track import Track, TrackConfig
from hindi_stt.api.realtime.inbox import POLICY, TRY_LATER, SessionClosing
from hindi_stt.api.realtime.server_events import (
    Cleared,
    Committed,
    Completed,
    Delta,
    Failed,
    Language,
    SegmentFound,
    SpeechStarted,
    SpeechStopped,
    Usage,
    error_detail,
    new_id,
)
from hindi_stt.api.realtime.session_config import SessionConfig
from hindi_stt.api.realtime.writer import EventWriter
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import AudioTooShort, EmptyCommit, HindiSTTError, LimitsUnavailable
from hindi_stt.streaming import Event, Partial, Utterance
from hindi_stt.streaming import SpeechStarted as StreamStarted
from hindi_stt.streaming import SpeechStopped as StreamStopped
from hindi_stt.types import Segment, Word

__all__ = ["UtteranceTranscriber"]


class UtteranceTranscriber:
    """Transcribes the audio of one connection. Not for several tasks at once.

    Args:
        recognizer: The worker's recognizer.
        client: The client.
        config: The first configuration.
        writer: Sends the events.
        partial_ready: Called, in the event loop, when `send_partial` has something to send.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        client: Client,
        config: SessionConfig,
        writer: EventWriter,
        partial_ready: Callable[[], None],
    ) -> None:
        self._config = config
        self._writer = writer
        observe_final = recognizer.metrics.realtime_final_seconds.observe
        self._track = Track(recognizer, client, _track_config(config), partial_ready, observe_final)
        self._item_id = ""
        self._previous_item_id: str | None = None
        self._sent_words: list[str] = []
        self._n_failed = 0
        self.n_utterances = 0

    @property
    def received_s(self) -> float:
        """Seconds of audio until now."""
        return self._track.received_s

    @property
    def audio_s(self) -> Mapping[str, float]:
        """Seconds of audio that were received, by the tag of the model that they were for."""
        return self._track.audio_s

    async def append(self, data: bytes) -> None:
        """Add a packet, and transcribe what it completes.

        Args:
            data: Audio in the format of the configuration.

        Raises:
            SessionClosing: The client has used up its limit of audio, or the limit cannot be checked.
        """
        try:
            await self._track.admit(data)
        except HindiSTTError as error:
            raise SessionClosing(error, TRY_LATER if isinstance(error, LimitsUnavailable) else POLICY) from error
        await self._send_events(self._track.push(data))

    async def send_partial(self) -> None:
        """Send the hypothesis about the utterance in progress, if there is one."""
        await self._send_events(self._track.partial())

    async def commit(self, event_id: str | None = None) -> None:
        """End the utterance; without one, the client gets an error.

        Args:
            event_id: Id of the client's event.
        """
        before = self.n_utterances, self._n_failed
        if not self._track.has_stream:
            message = "The buffer is empty: nothing was appended."
            await self._writer.send_error(EmptyCommit(message), event_id)
            return
        await self._send_events(self._track.commit(), event_id)
        if before == (self.n_utterances, self._n_failed):
            message = "The buffer is empty: no speech has come since the last utterance ended."
            await self._writer.send_error(EmptyCommit(message), event_id)

    async def clear(self) -> None:
        """Discard the utterance in progress, and confirm it to the client."""
        await self.discard()
        self._item_id, self._sent_words = "", []
        await self._writer.send(Cleared())

    async def change(self, config: SessionConfig) -> None:
        """Go on with another configuration; the utterance in progress ends with that of before."""
        await self.finish()
        self._config = config
        await self._track.change(_track_config(config))

    async def finish(self) -> None:
        """Send the final text of the utterance in progress, if it is long enough to be one."""
        await self._send_events(self._track.finish())

    async def discard(self) -> None:
        """Discard unsent results, and wait for the threads that work on them."""
        await self._track.discard()

    async def _send_events(self, events: AsyncGenerator[Event], event_id: str | None = None) -> None:
        """Send a track's events; what goes wrong costs the utterance, not the connection."""
        try:
            async with contextlib.aclosing(events) as found:
                async for event in found:
                    await self._send_event(event)
        except HindiSTTError as error:
            self._n_failed += 1
            if not self._item_id:
                shown = EmptyCommit(error.message) if isinstance(error, AudioTooShort) else error
                await self._writer.send_error(shown, event_id)
                return
            self._writer.count(error)
            await self._writer.send(Failed(item_id=self._item_id, error=error_detail(error)))
            self._item_id, self._sent_words = "", []

    async def _send_event(self, event: Event) -> None:
        match event:
            case StreamStarted(start_s):
                self._item_id = new_id("item")
                await self._writer.send(SpeechStarted(audio_start_ms=round(start_s * 1000), item_id=self._item_id))
            case Partial(stable, unstable):
                await self._send_delta(stable, unstable)
            case StreamStopped(end_s):
                await self._writer.send(SpeechStopped(audio_end_ms=round(end_s * 1000), item_id=self._item_id))
            case Utterance():
                await self._send_final(event)

    async def _send_delta(self, stable: tuple[Word, ...], unstable: tuple[Word, ...]) -> None:
        texts = [word.text for word in stable]
        delta = " " * bool(self._sent_words and texts) + " ".join(texts)
        self._sent_words += texts
        may_change = " ".join(word.text for word in unstable)
        await self._writer.send(Delta(item_id=self._item_id, delta=delta, unstable=may_change))

    async def _send_final(self, utterance: Utterance) -> None:
        item_id = self._item_id = self._item_id or new_id("item")
        await self._writer.send(Committed(item_id=item_id, previous_item_id=self._previous_item_id))
        sent, text = " ".join(self._sent_words), utterance.text
        # A client that only joins deltas also gets the whole text, as long as its deltas are the text's beginning.
        if text.startswith(sent) and text != sent:
            await self._writer.send(Delta(item_id=item_id, delta=text[len(sent) :], unstable=""))
        for segment in utterance.segments:
            if segment.speaker is not None:
                await self._writer.send(_segment_found(segment, segment.speaker, item_id))
        await self._writer.send(self._completed(utterance, item_id))
        self._previous_item_id, self._item_id, self._sent_words = item_id, "", []
        self.n_utterances += 1

    def _completed(self, utterance: Utterance, item_id: str) -> Completed:
        config = self._config
        return Completed(
            item_id=item_id,
            transcript=utterance.text,
            usage=Usage(seconds=round(utterance.end_s - utterance.start_s, 3)),
            audio_start_ms=round(utterance.start_s * 1000),
            audio_end_ms=round(utterance.end_s * 1000),
            languages=[Language(code=config.model_request.pipeline.bundle.manifest.language)],
            words=render.words_json(utterance.segments),
            warnings=[*config.warnings, *utterance.warnings],
            logprobs=render.word_log_probs(utterance.words) if config.log_probs else None,
        )


def _segment_found(segment: Segment, speaker: str, item_id: str) -> SegmentFound:
    return SegmentFound(
        item_id=item_id,
        id=new_id("seg"),
        text=segment.text,
        speaker=render.speaker_letter(speaker),
        start=round(segment.start_s, 3),
        end=round(segment.end_s, 3),
    )


def _track_config(config: SessionConfig) -> TrackConfig:
    return TrackConfig(
        config.model_request,
        config.audio,
        end_pointing=config.turns.enabled,
        turns=config.turns.detection,
        context=config.context,
    )
