"""One realtime connection: a task reads, a task hears and answers; both end together."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from hindi_stt import render
from hindi_stt.access.limits import Client
from hindi_stt.api.realtime.protocol import (
    Append,
    Clear,
    Commit,
    Update,
    error_detail,
    error_event,
    event_id_of,
    new_id,
    parse_event,
)
from hindi_stt.api.realtime.session_config import SessionConfig
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.audio import PacketDecoder
from hindi_stt.errors import (
    AudioTooShort,
    EmptyCommit,
    HindiSTTError,
    InternalError,
    InvalidRequest,
    LimitsUnavailable,
    SessionExpired,
    SessionIdle,
    SlowReader,
    Timeout,
)
from hindi_stt.observability.request_context import log
from hindi_stt.streaming import Event, Partial, SpeechStarted, SpeechStopped, Stream, Utterance
from hindi_stt.text import UtteranceMasker
from hindi_stt.types import Features, LogProbs

__all__ = ["GOING_AWAY", "POLICY", "TRY_LATER", "RealtimeSession", "refuse"]

T = TypeVar("T")

# A window that the runner has not answered by then is stale.
_PARTIAL_TIMEOUT_S: Final = 2.0
_MAX_BAD_EVENTS: Final = 20
_LEAST_LETTERS: Final = 1_000
# What is not audio is read no faster than so many events a second, after a first second's worth at once.
_CONTROL_EVENTS_A_S: Final = 5
# Close codes of RFC 6455.
GOING_AWAY: Final = 1001
POLICY: Final = 1008
_FAILED: Final = 1011
TRY_LATER: Final = 1013


class _RunnerLine:
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


class _Inbox:
    """What was read and is not heard yet, in order, bounded in seconds of audio."""

    def __init__(self, max_s: float) -> None:
        self._items: deque[Any] = deque()
        self._max_s = max_s
        self._waiting_s = 0.0
        self._changed = asyncio.Event()

    async def put(self, item: Any, duration_s: float = 0.0) -> None:
        """Wait for room, and add an item."""
        while self._waiting_s and self._waiting_s + duration_s > self._max_s:
            await self._wait()
        self.put_now(item)
        self._waiting_s += duration_s

    def put_now(self, item: Any) -> None:
        """Add an item whatever waits."""
        self._items.append(item)
        self._changed.set()

    async def take(self) -> list[Any]:
        """All that is there; waits until there is something."""
        while not self._items:
            await self._wait()
        taken = list(self._items)
        self._items.clear()
        self._waiting_s = 0.0
        self._changed.set()
        return taken

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()


class _Closing(Exception):
    """The session ends: its close code, and the error that tells the client why."""

    def __init__(self, error: HindiSTTError, code: int) -> None:
        super().__init__(error.message)
        self.error = error
        self.code = code


class _Looked:
    """A hypothesis about the utterance in progress is there."""


_LOOKED: Final = _Looked()


async def refuse(websocket: WebSocket, recognizer: Recognizer, error: HindiSTTError, code: int) -> None:
    """Tell an accepted connection why it is refused, in an error event, and close it with this code."""
    recognizer.metrics.errors.labels(error.code).inc()
    event = {"event_id": new_id("event"), **error_event(error)}
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(recognizer.settings.realtime_write_timeout_s):
            await websocket.send_text(json.dumps(event, ensure_ascii=False))
            await websocket.close(code, error.code)


class RealtimeSession:
    """A connection that has been accepted."""

    def __init__(self, websocket: WebSocket, recognizer: Recognizer, config: SessionConfig) -> None:
        self._websocket = websocket
        self._recognizer = recognizer
        self._settings = recognizer.settings
        self.closed = asyncio.Event()
        self.client: Client = websocket.scope["hindi_stt_client"]
        # Seconds of audio that came, by the tag of the model that they were for.
        self.audio_s: defaultdict[str, float] = defaultdict(float)
        self.error: HindiSTTError | None = None
        self._aborted: asyncio.Future[_Closing] = asyncio.get_running_loop().create_future()
        self._id = new_id("sess")
        self._beta = "realtime=v1" in websocket.headers.get("openai-beta", "")
        self._config = self._asked = config
        self._inbox = _Inbox(self._settings.realtime_buffer_s)
        self._stream: Stream | None = None
        self._decoder: PacketDecoder | None = None
        self._received_s = 0.0
        self._masker = UtteranceMasker()
        self._heard_at_s = time.monotonic()
        self._controls_until_s = 0.0
        self._item_id = ""
        self._before: str | None = None
        self._shown: list[str] = []
        self._n_utterances = self._n_failed = self._n_bad = 0

    @property
    def idle_s(self) -> float:
        """Seconds since the client has sent anything."""
        return time.monotonic() - self._heard_at_s

    def end(self, error: HindiSTTError, code: int) -> None:
        """Ask the session to finish what it has, tell the client why, and close."""
        self._inbox.put_now(_Closing(error, code))

    def abort(self, error: HindiSTTError, code: int) -> None:
        """Drop what is there, tell the client why, and close."""
        if not self._aborted.done():
            self._aborted.set_result(_Closing(error, code))

    async def run(self) -> None:
        """Until the client goes, or is sent away."""
        start = time.monotonic()
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._work())
        idle = asyncio.create_task(self._end_when_idle())
        expiry = asyncio.get_running_loop().call_later(
            self._settings.realtime_max_s,
            lambda: self.end(SessionExpired(f"The connection has lasted {self._settings.realtime_max_s:g} s."), POLICY),
        )
        try:
            ends: set[asyncio.Future[Any]] = {reader, writer, self._aborted}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            expiry.cancel()
            for task in (reader, writer, idle):
                task.cancel()
            results = await asyncio.gather(reader, writer, return_exceptions=True)
            if self._stream is not None:
                await self._stream.clear()
        reason = next((str(result) for result in results if isinstance(result, str)), "client")
        if self._aborted.done():
            reason = await self._close(self._aborted.result(), finish=False)
        log.info(
            "realtime %.1f s audio_s=%.1f utterances=%d closed_by=%s",
            time.monotonic() - start,
            self._received_s,
            self._n_utterances,
            reason,
        )

    async def _end_when_idle(self) -> None:
        """One timer for the connection: one for each packet would cost as much as its JSON."""
        limit_s = self._settings.realtime_idle_s
        while (rest_s := self._heard_at_s + limit_s - time.monotonic()) > 0:  # noqa: ASYNC110  # it is a deadline
            await asyncio.sleep(rest_s)
        self.end(SessionIdle(f"Nothing came for {limit_s:g} s."), POLICY)

    async def _read(self) -> None:
        """Ends when the client goes."""
        while True:
            message = await self._websocket.receive()
            self._heard_at_s = time.monotonic()
            if message["type"] == "websocket.disconnect":
                return
            event: Any
            try:
                event = parse_event(message, self._asked, self._recognizer)
            except HindiSTTError as error:
                event = (error, event_id_of(message))
            except Exception:  # as in _work
                log.exception("realtime event failed")
                event = (InternalError("An unexpected error has occurred."), None)
            if isinstance(event, Update):
                self._asked = event.config
            if not isinstance(event, Append):
                await self._pace()
            # Whatever it is, it counts as if it were audio in base64.
            letters = _LEAST_LETTERS + len(message.get("text") or "")
            await self._inbox.put(event, letters * 3 / 4 / self._asked.audio.bytes_per_s)

    async def _pace(self) -> None:
        """Who floods with events that cost nothing to send waits, and the others do not."""
        now_s = time.monotonic()
        self._controls_until_s = max(now_s, self._controls_until_s) + 1 / _CONTROL_EVENTS_A_S
        await asyncio.sleep(max(0.0, self._controls_until_s - now_s - 1))

    async def _work(self) -> str:
        """Hear and answer; returns the reason why the session ended."""
        try:
            kind = "transcription_session.created" if self._beta else "session.created"
            await self._send({"type": kind, "session": self._config.described(self._id, beta=self._beta)})
            while True:
                for item in _joined(await self._inbox.take()):
                    await self._handle(item)
        except _Closing as closing:
            return await self._close(closing)
        except (WebSocketDisconnect, RuntimeError):  # Starlette's and uvicorn's ways to say that nobody is there
            return "client"
        except Exception:  # whatever it is, the client is told and the other connections go on
            log.exception("realtime connection failed")
            return await self._close(_Closing(InternalError("An unexpected error has occurred."), _FAILED))

    async def _close(self, closing: _Closing, *, finish: bool = True) -> str:
        self.error = closing.error
        self._recognizer.metrics.errors.labels(closing.error.code).inc()
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError, _Closing):
            if not isinstance(closing.error, SlowReader):
                if finish:
                    await self._finish()
                await self._send(error_event(closing.error))
            async with asyncio.timeout(self._settings.realtime_write_timeout_s):
                await self._websocket.close(closing.code, closing.error.code)
        return closing.error.code

    async def _handle(self, item: Any) -> None:
        match item:
            case _Closing():
                raise item
            case Append(data):
                await self._append(data)
            case _Looked() if self._stream is not None:
                await self._pass_on(self._stream, self._stream.partial())
            case Commit(event_id):
                await self._commit(event_id)
            case Clear():
                await self._clear()
            case Update(config, beta):
                await self._update(config, beta=beta)
            case (HindiSTTError() as error, event_id):
                await self._complain(error, event_id)
                self._n_bad += 1
                if self._n_bad >= _MAX_BAD_EVENTS:
                    raise _Closing(InvalidRequest(f"{_MAX_BAD_EVENTS} events could not be used."), POLICY)

    async def _clear(self) -> None:
        if self._stream is not None:
            await self._stream.clear()
        self._item_id, self._shown = "", []
        await self._send({"type": "input_audio_buffer.cleared"})

    async def _complain(self, error: HindiSTTError, event_id: str | None = None) -> None:
        self._recognizer.metrics.errors.labels(error.code).inc()
        await self._send(error_event(error, event_id))

    async def _update(self, config: SessionConfig, *, beta: bool) -> None:
        """The utterance in progress ends as it began: with the options of before."""
        await self._finish()
        self._config, self._beta = config, beta
        self._stream = None
        kind = "transcription_session.updated" if beta else "session.updated"
        await self._send({"type": kind, "session": config.described(self._id, beta=beta)})

    async def _append(self, data: bytes) -> None:
        pipeline = self._config.model_request.pipeline
        if self._stream is None or self._decoder is None:
            self._decoder = PacketDecoder(self._config.audio, pipeline.sample_rate)
            self._stream = Stream(
                pipeline,
                _RunnerLine(self._recognizer, pipeline.bundle.tag),
                self._config.model_request.options,
                end_pointing=self._config.turns.enabled,
                turns=self._config.turns.detection,
                context=self._config.context,
                min_s=self._settings.min_audio_s,
                start_s=self._received_s,
                masker=self._masker,
                partial_ready=lambda: self._inbox.put_now(_LOOKED),
            )
        try:
            duration_s = len(data) / self._config.audio.bytes_per_s
            await self._recognizer.limits.count_audio(self.client, duration_s)
            self.audio_s[pipeline.bundle.tag] += duration_s
        except HindiSTTError as error:
            raise _Closing(error, TRY_LATER if isinstance(error, LimitsUnavailable) else POLICY) from error
        samples = self._decoder.push(data)
        await self._pass_on(self._stream, self._stream.push(samples))
        self._received_s = self._stream.received_s

    async def _commit(self, event_id: str | None = None) -> None:
        """End the utterance, and say so where there is none."""
        done = self._n_utterances, self._n_failed
        if self._stream is None:
            await self._complain(EmptyCommit("The buffer is empty: nothing was appended."), event_id)
            return
        await self._end_utterance(event_id)
        if done == (self._n_utterances, self._n_failed):
            message = "The buffer is empty: no speech has come since the last utterance ended."
            await self._complain(EmptyCommit(message), event_id)

    async def _end_utterance(self, event_id: str | None = None) -> None:
        """The resampler ends with the utterance, so that nothing of it is left for the next."""
        stream, decoder = self._stream, self._decoder
        if stream is None or decoder is None:
            return
        self._stream = self._decoder = None
        await self._pass_on(stream, stream.push(decoder.flush()))
        self._received_s = stream.received_s
        await self._pass_on(stream, stream.commit(), event_id)

    async def _finish(self) -> None:
        """The final text of what is there, if it is anything."""
        stream = self._stream
        if stream is not None and stream.pending_s > self._settings.min_audio_s:
            await self._end_utterance()

    async def _pass_on(self, stream: Stream, events: AsyncGenerator[Event], event_id: str | None = None) -> None:
        """Send a stream's events; what goes wrong costs the utterance, not the connection."""
        start = time.perf_counter()
        try:
            async with contextlib.aclosing(events) as found:
                async for event in found:
                    await self._tell(event)
                    if isinstance(event, Utterance):
                        self._recognizer.metrics.realtime_final_seconds.observe(time.perf_counter() - start)
        except HindiSTTError as error:
            await stream.clear()
            self._n_failed += 1
            if not self._item_id:
                await self._complain(
                    EmptyCommit(error.message) if isinstance(error, AudioTooShort) else error, event_id
                )
                return
            self._recognizer.metrics.errors.labels(error.code).inc()
            await self._send(
                self._of_item("conversation.item.input_audio_transcription.failed") | {"error": error_detail(error)}
            )
            self._item_id, self._shown = "", []

    async def _tell(self, event: Event) -> None:
        match event:
            case SpeechStarted(start_s):
                self._item_id = new_id("item")
                await self._send(
                    {
                        "type": "input_audio_buffer.speech_started",
                        "audio_start_ms": round(start_s * 1000),
                        "item_id": self._item_id,
                    }
                )
            case Partial(added, unstable):
                text = " ".join(word.text for word in added)
                delta = " " * bool(self._shown and added) + text
                self._shown += [word.text for word in added]
                body = {"delta": delta, "unstable": " ".join(word.text for word in unstable)}
                await self._send(self._of_item("conversation.item.input_audio_transcription.delta") | body)
            case SpeechStopped(end_s):
                await self._send(
                    {
                        "type": "input_audio_buffer.speech_stopped",
                        "audio_end_ms": round(end_s * 1000),
                        "item_id": self._item_id,
                    }
                )
            case Utterance():
                await self._tell_final(event)

    async def _tell_final(self, utterance: Utterance) -> None:
        self._item_id = self._item_id or new_id("item")
        await self._send(
            {
                "type": "input_audio_buffer.committed",
                "item_id": self._item_id,
                "previous_item_id": self._before,
            }
        )
        shown, text = " ".join(self._shown), utterance.text
        # Whoever only joins deltas gets the whole text too, as long as what is shown has not changed.
        if text.startswith(shown) and text != shown:
            await self._send(
                self._of_item("conversation.item.input_audio_transcription.delta")
                | {"delta": text[len(shown) :], "unstable": ""}
            )
        duration_s = utterance.end_s - utterance.start_s
        completed: dict[str, Any] = {
            "transcript": text,
            "usage": {"type": "duration", "seconds": round(duration_s, 3)},
            "audio_start_ms": round(utterance.start_s * 1000),
            "audio_end_ms": round(utterance.end_s * 1000),
            "languages": [{"code": self._config.model_request.pipeline.bundle.manifest.language}],
            "words": [render.word_json(word) for word in utterance.words],
            "warnings": [*self._config.warnings, *utterance.warnings],
        }
        if self._config.log_probs:
            completed["logprobs"] = render.word_log_probs(utterance.words)
        await self._send(self._of_item("conversation.item.input_audio_transcription.completed") | completed)
        self._before, self._item_id, self._shown = self._item_id, "", []
        self._n_utterances += 1
        self._recognizer.metrics.audio_seconds.inc(duration_s)
        self._recognizer.metrics.model_audio_seconds.labels(self._config.model_request.pipeline.bundle.tag).inc(
            duration_s
        )

    def _of_item(self, kind: str) -> dict[str, Any]:
        return {"type": kind, "item_id": self._item_id, "content_index": 0}

    async def _send(self, event: dict[str, Any]) -> None:
        """Raises _Closing where the client does not take it."""
        text = json.dumps({"event_id": new_id("event"), **event}, ensure_ascii=False)
        limit_s = self._settings.realtime_write_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                await self._websocket.send_text(text)
        except TimeoutError as error:
            raise _Closing(SlowReader(f"An event was not read within {limit_s:g} s."), POLICY) from error


def _joined(items: list[Any]) -> list[Any]:
    """Packets in a row as one: a connection that is behind catches up in one step."""
    joined: list[Any] = []
    for item in items:
        if isinstance(item, Append) and joined and isinstance(joined[-1], Append):
            joined[-1] = Append(joined[-1].data + item.data)
        else:
            joined.append(item)
    return joined
