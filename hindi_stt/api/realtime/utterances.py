"""The utterances of a realtime connection: audio into a stream, and the stream's events to the client."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeVar

from hindi_stt import render
from hindi_stt.access.limits import Client
from hindi_stt.api.realtime.inbox import POLICY, TRY_LATER, SessionClosing
from hindi_stt.api.realtime.server_events import (
    Cleared,
    Committed,
    Completed,
    Delta,
    Failed,
    Language,
    SpeechStarted,
    SpeechStopped,
    Usage,
    error_detail,
    new_id,
)
from hindi_stt.api.realtime.session_config import SessionConfig
from hindi_stt.api.realtime.writer import EventWriter
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.audio import PacketDecoder
from hindi_stt.errors import AudioTooShort, EmptyCommit, HindiSTTError, LimitsUnavailable, Timeout
from hindi_stt.streaming import Event, Partial, Stream, Utterance
from hindi_stt.streaming import SpeechStarted as StreamStarted
from hindi_stt.streaming import SpeechStopped as StreamStopped
from hindi_stt.text import UtteranceMasker
from hindi_stt.types import Features, LogProbs, Word

__all__ = ["UtteranceTranscriber"]

T = TypeVar("T")

# A window that the runner has not answered by then is stale.
_PARTIAL_TIMEOUT_S: Final = 2.0


class _RunnerBackend:
    """streaming.InferenceBackend over the runner: finals wait their turn, partials do not."""

    def __init__(self, recognizer: Recognizer, model: str) -> None:
        self._recognizer = recognizer
        self._model = model

    def partial(self) -> AbstractAsyncContextManager[None]:
        return self._recognizer.partial()

    async def log_probs(self, features: Features, *, final: bool) -> LogProbs:
        limit_s = self._recognizer.settings.request_timeout_s if final else _PARTIAL_TIMEOUT_S
        try:
            async with asyncio.timeout(limit_s):
                return await self._recognizer.log_probs(self._model, features, wait_if_busy=final, live_final=final)
        except TimeoutError as error:
            raise Timeout(f"The model did not answer within {limit_s:g} s.") from error

    async def in_thread(self, work: Callable[[], T]) -> T:
        return await self._recognizer.in_thread(work)


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
        self._recognizer = recognizer
        self._client = client
        self._config = config
        self._writer = writer
        self._partial_ready = partial_ready
        self._min_audio_s = recognizer.settings.min_audio_s
        self._stream: Stream | None = None
        self._decoder: PacketDecoder | None = None
        # A number that is masked may go on from one stream to the next.
        self._masker = UtteranceMasker()
        self._item_id = ""
        self._previous_item_id: str | None = None
        self._sent_words: list[str] = []
        self._n_failed = 0
        self.n_utterances = 0
        self.received_s = 0.0
        """Seconds of audio of the streams until now."""
        self.audio_s: defaultdict[str, float] = defaultdict(float)
        """Seconds of audio that were received, by the tag of the model that they were for."""

    async def append(self, data: bytes) -> None:
        """Add a packet, and transcribe what it completes.

        Args:
            data: Audio in the format of the configuration.

        Raises:
            SessionClosing: The client has used up its limit of audio, or the limit cannot be checked.
        """
        stream, decoder = self._current_stream()
        model = self._config.model_request.pipeline.bundle.tag
        duration_s = len(data) / self._config.audio.bytes_per_s
        try:
            await self._recognizer.limits.count_audio(self._client, duration_s)
        except HindiSTTError as error:
            raise SessionClosing(error, TRY_LATER if isinstance(error, LimitsUnavailable) else POLICY) from error
        self.audio_s[model] += duration_s
        samples = decoder.push(data)
        await self._send_events(stream, stream.push(samples))
        self.received_s = stream.received_s

    async def send_partial(self) -> None:
        """Send the hypothesis about the utterance in progress, if there is one."""
        if self._stream is not None:
            await self._send_events(self._stream, self._stream.partial())

    async def commit(self, event_id: str | None = None) -> None:
        """End the utterance; without one, the client gets an error.

        Args:
            event_id: Id of the client's event.
        """
        before = self.n_utterances, self._n_failed
        if self._stream is None:
            message = "The buffer is empty: nothing was appended."
            await self._writer.send_error(EmptyCommit(message), event_id)
            return
        await self._end_utterance(event_id)
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
        self._stream = None

    async def finish(self) -> None:
        """Send the final text of the utterance in progress, if it is long enough to be one."""
        if self._stream is not None and self._stream.pending_s > self._min_audio_s:
            await self._end_utterance()

    async def discard(self) -> None:
        """Discard unsent results, and wait for the threads that work on them."""
        if self._stream is not None:
            await self._stream.clear()

    def _current_stream(self) -> tuple[Stream, PacketDecoder]:
        if self._stream is None or self._decoder is None:
            pipeline = self._config.model_request.pipeline
            self._decoder = PacketDecoder(self._config.audio, pipeline.sample_rate)
            self._stream = Stream(
                pipeline,
                _RunnerBackend(self._recognizer, pipeline.bundle.tag),
                self._config.model_request.options,
                end_pointing=self._config.turns.enabled,
                turns=self._config.turns.detection,
                context=self._config.context,
                min_s=self._min_audio_s,
                start_s=self.received_s,
                masker=self._masker,
                partial_ready=self._partial_ready,
            )
        return self._stream, self._decoder

    async def _end_utterance(self, event_id: str | None = None) -> None:
        """End the resampler with the utterance, so that nothing of it is left for the next."""
        stream, decoder = self._stream, self._decoder
        if stream is None or decoder is None:
            return
        self._stream = self._decoder = None
        await self._send_events(stream, stream.push(decoder.flush()))
        self.received_s = stream.received_s
        await self._send_events(stream, stream.commit(), event_id)

    async def _send_events(self, stream: Stream, events: AsyncGenerator[Event], event_id: str | None = None) -> None:
        """Send a stream's events; what goes wrong costs the utterance, not the connection."""
        start = time.perf_counter()
        try:
            async with contextlib.aclosing(events) as found:
                async for event in found:
                    await self._send_event(event)
                    if isinstance(event, Utterance):
                        self._recognizer.metrics.realtime_final_seconds.observe(time.perf_counter() - start)
        except HindiSTTError as error:
            await stream.clear()
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
        await self._writer.send(self._completed(utterance, item_id))
        self._previous_item_id, self._item_id, self._sent_words = item_id, "", []
        self.n_utterances += 1
        duration_s = utterance.end_s - utterance.start_s
        self._recognizer.metrics.audio_seconds.inc(duration_s)
        model = self._config.model_request.pipeline.bundle.tag
        self._recognizer.metrics.model_audio_seconds.labels(model).inc(duration_s)

    def _completed(self, utterance: Utterance, item_id: str) -> Completed:
        config = self._config
        return Completed(
            item_id=item_id,
            transcript=utterance.text,
            usage=Usage(seconds=round(utterance.end_s - utterance.start_s, 3)),
            audio_start_ms=round(utterance.start_s * 1000),
            audio_end_ms=round(utterance.end_s * 1000),
            languages=[Language(code=config.model_request.pipeline.bundle.manifest.language)],
            words=[render.word_json(word) for word in utterance.words],
            warnings=[*config.warnings, *utterance.warnings],
            logprobs=render.word_log_probs(utterance.words) if config.log_probs else None,
        )
