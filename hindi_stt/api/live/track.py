"""One track of live audio: packets of bytes in a declared format in, the events of its stream out.

Every protocol transcribes through this class, so that limits, metrics, masking and the resampling of a stream are the
same everywhere. It sends nothing: who holds it turns events into messages.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from hindi_stt.access.limits import Client
from hindi_stt.api.forms.transcription_request import ModelRequest
from hindi_stt.api.live.backend import LiveBackend
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.audio import PacketDecoder, PacketFormat
from hindi_stt.errors import HindiSTTError
from hindi_stt.speakers.live import LiveDiarization
from hindi_stt.streaming import Context, Event, Stream, TurnDetection, Utterance
from hindi_stt.text import UtteranceMasker

__all__ = ["Track", "TrackConfig"]


@dataclass(frozen=True, slots=True)
class TrackConfig:
    """How a track is read, transcribed and cut.

    Attributes:
        model_request: The model, and how it decodes and writes.
        audio: Format of the packets.
        end_pointing: Whether pauses end utterances; without, only a commit does.
        turns: When a speaker's turn ends; None ends utterances where long files are cut.
        context: How soon words are shown.
    """

    model_request: ModelRequest
    audio: PacketFormat
    end_pointing: bool = True
    turns: TurnDetection | None = None
    context: Context = field(default_factory=Context)

    @property
    def model(self) -> str:
        """Tag of the model."""
        return self.model_request.pipeline.bundle.tag


class Track:
    """Transcribes the audio of one track. Not for several tasks at once.

    Each method that yields events raises HindiSTTError where the utterance in progress is lost; the track then goes on
    with whatever comes next.

    Args:
        recognizer: The worker's recognizer.
        client: The client whose limits the audio counts against.
        config: How the track is transcribed.
        partial_ready: Called, in the event loop, when `partial` has something to yield.
        observe_final: Takes the seconds from the packet that ends an utterance until its final has been handled.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        client: Client,
        config: TrackConfig,
        partial_ready: Callable[[], None],
        observe_final: Callable[[float], None],
    ) -> None:
        self.config = config
        self._recognizer = recognizer
        self._client = client
        self._partial_ready = partial_ready
        self._observe_final = observe_final
        self._min_audio_s = recognizer.settings.min_audio_s
        self._pace = recognizer.catch_up.track(client.name)
        self._stream: Stream | None = None
        self._decoder: PacketDecoder | None = None
        # A number that is masked may go on from one stream to the next.
        self._masker = UtteranceMasker()
        # Who has spoken keeps the name in the next stream.
        self._speakers: LiveDiarization | None = None
        self.received_s = 0.0
        """Seconds of audio until now."""
        self.audio_s: defaultdict[str, float] = defaultdict(float)
        """Seconds of audio that were received, by the tag of the model that they were for."""

    @property
    def has_stream(self) -> bool:
        """Whether any audio has come since the last commit or change."""
        return self._stream is not None

    async def admit(self, data: bytes) -> None:
        """Count a packet against the client's limit of audio; to be called before `push`.

        Args:
            data: The packet.

        Raises:
            RateLimited: The limit is used up.
            LimitsUnavailable: The limit cannot be checked.
        """
        duration_s = len(data) / self.config.audio.bytes_per_s
        await self._recognizer.limits.count_audio(self._client, duration_s)
        self.audio_s[self.config.model] += duration_s
        self._pace.take(duration_s)

    async def push(self, data: bytes) -> AsyncGenerator[Event]:
        """Add a packet.

        Args:
            data: Audio in the format of the configuration, split anywhere.

        Yields:
            What the packet completes.
        """
        stream, decoder = self._current_stream()
        samples = decoder.push(data)
        try:
            async with contextlib.aclosing(self._handled(stream, stream.push(samples))) as events:
                async for event in self._pace.in_turns(events):
                    yield event
        finally:
            self.received_s = stream.received_s

    async def partial(self) -> AsyncGenerator[Event]:
        """Yield the hypothesis about the utterance in progress, if there is one."""
        if self._stream is None:
            return
        async with contextlib.aclosing(self._handled(self._stream, self._stream.partial())) as events:
            async for event in events:
                yield event

    async def commit(self) -> AsyncGenerator[Event]:
        """End the utterance, and the resampler with it, so that nothing of it is left for the next."""
        stream, decoder = self._stream, self._decoder
        if stream is None or decoder is None:
            return
        self._stream = self._decoder = None
        async with contextlib.aclosing(self._handled(stream, stream.push(decoder.flush()))) as events:
            async for event in events:
                yield event
        self.received_s = stream.received_s
        async with contextlib.aclosing(self._handled(stream, stream.commit())) as events:
            async for event in events:
                yield event

    async def finish(self) -> AsyncGenerator[Event]:
        """End the utterance in progress, if it is long enough to be one."""
        if self._stream is not None and self._stream.pending_s > self._min_audio_s:
            async with contextlib.aclosing(self.commit()) as events:
                async for event in events:
                    yield event

    async def change(self, config: TrackConfig) -> None:
        """Go on with another configuration. The utterance in progress is discarded: `finish` it before."""
        await self.discard()
        self.config = config
        self._stream = self._decoder = None

    async def discard(self) -> None:
        """Discard the utterance in progress, and wait for the threads that work on it."""
        if self._stream is not None:
            await self._stream.clear()

    async def _handled(self, stream: Stream, events: AsyncGenerator[Event]) -> AsyncGenerator[Event]:
        """Yield events, and count the utterances among them when they have been handled."""
        start_s = time.perf_counter()
        try:
            async with contextlib.aclosing(events) as found:
                async for event in found:
                    yield event
                    if isinstance(event, Utterance):
                        self._count(event, time.perf_counter() - start_s)
        except HindiSTTError:
            await stream.clear()
            raise

    def _count(self, utterance: Utterance, elapsed_s: float) -> None:
        duration_s = utterance.end_s - utterance.start_s
        metrics = self._recognizer.metrics
        metrics.audio_seconds.inc(duration_s)
        metrics.model_audio_seconds.labels(self.config.model).inc(duration_s)
        self._observe_final(elapsed_s)

    def _current_stream(self) -> tuple[Stream, PacketDecoder]:
        if self._stream is None or self._decoder is None:
            config = self.config
            pipeline = config.model_request.pipeline
            self._decoder = PacketDecoder(config.audio, pipeline.sample_rate)
            self._stream = Stream(
                pipeline,
                LiveBackend(self._recognizer, config.model, self._pace),
                config.model_request.options,
                end_pointing=config.end_pointing,
                turns=config.turns,
                context=config.context,
                min_s=self._min_audio_s,
                start_s=self.received_s,
                masker=self._masker,
                speakers=self._diarization(config.model_request),
                partial_ready=self._partial_ready,
            )
        return self._stream, self._decoder

    def _diarization(self, wanted: ModelRequest) -> LiveDiarization | None:
        """The speakers of the track, where they are told apart."""
        options = wanted.options.speakers
        if not options.diarize:
            return None
        if self._speakers is None:
            self._speakers = LiveDiarization(wanted.pipeline.speakers.embedder, options)
        self._speakers.options = options
        return self._speakers
