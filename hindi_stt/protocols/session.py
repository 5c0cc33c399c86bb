"""One connection of a protocol: its adapter's commands to tracks, and what they recognise back to the adapter.

Longer than 300 lines: the states of one connection, which depend on each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from hindi_stt.access.limits import Client
from hindi_stt.api.live.connections import DRAIN_S
from hindi_stt.api.live.inbox import NORMAL, POLICY, TRY_LATER, SessionClosing, SessionEnded
from hindi_stt.api.live.session import CONNECTION_LOST, ConnectionTasks
from hindi_stt.api.live.track import Track, TrackConfig
from hindi_stt.api.recognizer import Recognizer
from hindi_stt.errors import HindiSTTError, InvalidRequest, LimitsUnavailable
from hindi_stt.protocols.adapter import (
    Adapter,
    Audio,
    Command,
    Configure,
    EndOfAudio,
    EndUtterance,
    Message,
    Note,
    Reply,
    Start,
    TrackSpec,
)
from hindi_stt.protocols.format_check import AudioChecks
from hindi_stt.protocols.listener import CallListener
from hindi_stt.protocols.messages import MAX_REJECTED, checked_commands
from hindi_stt.protocols.options import ConnectionOptions, parse_options
from hindi_stt.protocols.pace import Pace
from hindi_stt.protocols.transport import Transport, send_within
from hindi_stt.streaming import Event

__all__ = ["ProtocolSession"]

# What each message counts as at least, in bytes of audio.
_MIN_BYTES: Final = 320


@dataclass(frozen=True, slots=True)
class _Rejected:
    """A message that cannot be used."""

    error: HindiSTTError


@dataclass(frozen=True, slots=True)
class _PartialReady:
    """A hypothesis about a track's utterance in progress can be taken."""

    track: int


@dataclass(frozen=True, slots=True)
class _Suspicious:
    """Audio that does not look like what was announced, in words."""

    warnings: Sequence[str]


_Item = Command | _Rejected | _PartialReady | _Suspicious


class ProtocolSession(ConnectionTasks[_Item]):
    """A connection whose Start is known.

    Args:
        transport: The connection.
        adapter: Its protocol.
        start: Its Start.
        options: What the Start asks for.
        client: Whose limits it counts against.
        recognizer: The worker's recognizer.
        listener: Takes what is recognised of a call; None for none.
        defaults: Options that hold where the connection gives no others.
    """

    def __init__(
        self,
        transport: Transport,
        adapter: Adapter,
        start: Start,
        options: ConnectionOptions,
        client: Client,
        recognizer: Recognizer,
        listener: CallListener | None = None,
        defaults: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(client, recognizer.settings)
        self._kind = adapter.name
        self._transport = transport
        self._adapter = adapter
        self._start = start
        self._options = options
        self._recognizer = recognizer
        self._metrics = recognizer.metrics
        self._listener = listener
        self._defaults = defaults
        observe = self._metrics.protocol_final_seconds.labels(adapter.name).observe
        self._tracks = [
            Track(recognizer, client, config, partial(self._partial_ready, position), observe)
            for position, config in enumerate(options.tracks)
        ]
        self._rates = [config.audio.bytes_per_s for config in options.tracks]
        self._last_received_s = time.monotonic()
        self._n_rejected = 0
        self._last_rejected = ""
        self._gone = False
        self._pace = Pace(self._settings.protocol_speed)
        self._checks = self._checks_of(start.tracks)

    @property
    def idle_s(self) -> float:
        """Seconds since the client has sent anything."""
        return time.monotonic() - self._last_received_s

    @property
    def audio_s(self) -> Mapping[str, float]:
        """Seconds of audio that were received, by the tag of the model that they were for."""
        total: dict[str, float] = {}
        for track in self._tracks:
            for model, seconds in track.audio_s.items():
                total[model] = total.get(model, 0.0) + seconds
        return total

    @property
    def track_s(self) -> list[float]:
        """Seconds of audio of each track."""
        return [track.received_s for track in self._tracks]

    def begin_with(self, commands: Sequence[Command]) -> None:
        """Add commands that are not read from the connection: those that came together with the Start, before `run`."""
        for command in commands:
            self._inbox.put_now(command)

    def _partial_ready(self, track: int) -> None:
        self._inbox.put_now(_PartialReady(track))

    async def _read(self) -> None:
        while (message := await self._received()) is not None:
            self._last_received_s = time.monotonic()
            try:
                commands = checked_commands(self._adapter, message)
            except HindiSTTError as error:
                await self._inbox.put(_Rejected(error), self._least_s)
                continue
            if not commands:
                await asyncio.sleep(0)
            for command in commands:
                if isinstance(command, Configure):
                    self._checks = self._checks_of(command.tracks)
                if isinstance(command, Audio):  # tracks are spoken at the same time
                    if warnings := self._checks.take(command.track, command.data, self._last_received_s):
                        self._inbox.put_now(_Suspicious(warnings))
                    await self._pace.keep(len(command.data) / self._rates[command.track] / len(self._tracks))
                await self._inbox.put(command, self._cost_s(command))

    def _checks_of(self, tracks: Sequence[TrackSpec]) -> AudioChecks:
        # Where the pace is bounded, it says nothing.
        return AudioChecks(tracks, paced=bool(self._settings.protocol_speed))

    async def _received(self) -> Message | None:
        try:
            return await self._transport.receive()
        except CONNECTION_LOST:
            return None
        except SessionClosing as closing:  # bytes that are no message: there is no next one
            self._inbox.put_now(closing)
            await asyncio.get_running_loop().create_future()  # until the session has ended
            return None

    @property
    def _least_s(self) -> float:
        return _MIN_BYTES / min(self._rates)

    def _cost_s(self, command: Command) -> float:
        if isinstance(command, Audio):
            return max(_MIN_BYTES, len(command.data)) / self._rates[command.track]
        return self._least_s

    async def _client_gone(self, worker: asyncio.Task[str]) -> None:
        """Recognise the last words of a call, for those who listen to it or fetch it later."""
        if self._listener is not None:
            self._gone = True
            self.begin_with(self._adapter.left())
            await asyncio.wait([worker], timeout=DRAIN_S)

    @property
    def max_duration_s(self) -> float:
        """Longest time that the connection may last, in seconds; calls have a bound of their own."""
        return super().max_duration_s if self._listener is None else self._settings.call_max_s

    async def _begin(self) -> None:
        await self._send(self._adapter.started(self._options.warnings, self._options.model))

    async def _handle(self, item: _Item) -> None:
        match item:
            case Audio(track, data):
                await self._push(self._tracks[track], track, data)
            case _PartialReady(track):
                await self._pass_on(track, self._tracks[track].partial())
            case EndUtterance(track):
                self._adapter.begins(item)
                await self._finish_tracks(track)
            case Reply(messages):
                await self._send(messages)
            case _Suspicious(warnings):
                await self._warn(warnings)
            case _Rejected(error):
                await self._reject(error)
            case Start():
                await self._reject(InvalidRequest("The stream has already started."))
            case _:
                await self._control(item)
        if isinstance(item, Audio | Configure | EndUtterance | Note):
            await self._send(self._adapter.handled(item))

    async def _control(self, command: Configure | Note | EndOfAudio) -> None:
        if isinstance(command, Configure):
            await self._configure(command)
        elif isinstance(command, EndOfAudio):
            await self._end_of_audio(command)
        elif self._listener:
            self._listener.noted(command)

    async def _push(self, track: Track, position: int, data: bytes) -> None:
        try:
            await track.admit(data)
        except HindiSTTError as error:
            raise SessionClosing(error, TRY_LATER if isinstance(error, LimitsUnavailable) else POLICY) from error
        self._metrics.protocol_audio_seconds.labels(self._kind).inc(len(data) / self._rates[position])
        await self._pass_on(position, track.push(data))

    async def _pass_on(self, position: int, events: AsyncGenerator[Event]) -> None:
        """Pass a track's events on; what goes wrong costs the utterance, not the connection."""
        try:
            async with contextlib.aclosing(events) as found:
                async for event in found:
                    if self._listener:
                        self._listener.heard(position, event)
                    await self._send(self._adapter.results(position, event))
        except HindiSTTError as error:
            self._count(error)
            if self._listener:
                self._listener.lost(position, error)
            await self._send(self._adapter.error(error))

    async def _finish_tracks(self, only: int | None = None) -> None:
        for position, track in enumerate(self._tracks):
            if only in {None, position}:
                await self._pass_on(position, track.finish())

    async def _finish(self) -> None:
        await self._finish_tracks()
        if self._listener and (warnings := self._adapter.warnings()):
            self._listener.warned(warnings)

    async def _configure(self, wanted: Configure) -> None:
        await self._finish()
        try:
            options = parse_options(wanted, self._recognizer, self._defaults)
        except HindiSTTError as error:
            # The audio that follows has the new format all the same; the options stay as they were.
            await self._change(
                [replace(t.config, audio=s.audio) for t, s in zip(self._tracks, wanted.tracks, strict=True)]
            )
            await self._reject(error)
            return
        await self._change(options.tracks)
        self._options = options
        await self._send(self._adapter.started(options.warnings, options.model))

    async def _change(self, configs: Sequence[TrackConfig]) -> None:
        for track, config in zip(self._tracks, configs, strict=True):
            await track.change(config)
        self._rates = [config.audio.bytes_per_s for config in configs]

    async def _end_of_audio(self, command: EndOfAudio) -> None:
        self._adapter.begins(command)
        await self._finish()
        with contextlib.suppress(*CONNECTION_LOST, TimeoutError):
            await self._send(self._adapter.handled(command))
            if self._gone:
                raise SessionEnded
            async with asyncio.timeout(self._settings.realtime_write_timeout_s):
                await self._transport.close(NORMAL, "")
        raise SessionEnded

    async def _warn(self, warnings: Sequence[str]) -> None:
        self._metrics.protocol_suspicious_audio.labels(self._kind).inc(len(warnings))
        if self._listener:
            self._listener.warned(warnings)
        await self._send(self._adapter.warned(warnings))

    async def _reject(self, error: HindiSTTError) -> None:
        self._count(error)
        self._metrics.protocol_rejected_messages.labels(self._kind).inc()
        if self._listener and error.message != self._last_rejected:  # once for many of the same kind
            self._listener.lost(None, error)
        self._last_rejected = error.message
        await self._send(self._adapter.error(error))
        self._n_rejected += 1
        if self._n_rejected >= MAX_REJECTED:
            message = f"{MAX_REJECTED} messages could not be used, the last of them because: {error.message}"
            raise SessionClosing(InvalidRequest(message, param=error.param), POLICY)

    async def _send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if self._gone:
                return
            try:
                await send_within(self._transport, message, self._settings.realtime_write_timeout_s)
            except CONNECTION_LOST:
                if self._listener is None:
                    raise
                self._gone = True  # who listens to the call still gets the last words

    async def _discard(self) -> None:
        for track in self._tracks:
            await track.discard()

    def _count(self, error: HindiSTTError) -> None:
        self._metrics.errors.labels(error.code).inc()

    async def _send_error(self, error: HindiSTTError) -> None:
        await self._send(self._adapter.closing(error))

    async def _close_transport(self, code: int, error: HindiSTTError) -> None:
        async with asyncio.timeout(self._settings.realtime_write_timeout_s):
            await self._transport.close(code, error.code)

    def _summary(self) -> str:
        return f"audio_s={sum(self.audio_s.values()):.1f} tracks={len(self._tracks)}"
