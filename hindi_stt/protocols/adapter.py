"""What an adapter is: messages of a protocol → commands, and what was recognised → messages. Does no I/O."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from hindi_stt.audio import PacketFormat
from hindi_stt.errors import HindiSTTError
from hindi_stt.streaming import Event

__all__ = [
    "Adapter",
    "Audio",
    "CallInfo",
    "Command",
    "Configure",
    "EndOfAudio",
    "EndUtterance",
    "Message",
    "Note",
    "Reply",
    "Start",
    "TrackSpec",
]

Message = str | bytes
"""A message of a WebSocket: text or binary."""


@dataclass(frozen=True, slots=True)
class TrackSpec:
    """One track of audio.

    Attributes:
        label: Whose it is: `inbound` (what the caller says), `outbound`, or a name of the protocol's own.
        audio: Format of its packets.
    """

    label: str
    audio: PacketFormat


@dataclass(frozen=True, slots=True)
class CallInfo:
    """What the platform says about a call.

    Attributes:
        id: The platform's id of the call; empty where it gives none.
        facts: Further facts, such as the numbers of both sides, for whoever listens.
    """

    id: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Start:
    """The stream begins. It comes before every other command, and once.

    Attributes:
        tracks: The tracks.
        parameters: Options by the names of the file API's fields, and what else the platform's user sent along.
        call: About the call; None where the protocol has no calls.
        key: The API key, where the protocol carries it in its messages.
        phrases: Phrases to listen for, of which those that the model cannot write are left out with a warning.
        punctuated: Write punctuation marks, of the best kind that the model has, where `parameters` name no kind.
        speakers: How speakers are told apart, by the names of the file API's fields; None where the protocol has no
            place for them.
    """

    tracks: Sequence[TrackSpec]
    parameters: Mapping[str, str] = field(default_factory=dict)
    call: CallInfo | None = None
    key: str = ""
    phrases: Sequence[str] = ()
    punctuated: bool = False
    speakers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Audio:
    """A packet of one track.

    Attributes:
        track: Position of the track in `Start.tracks`.
        data: Bytes in the format of the track, split anywhere.
    """

    track: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Configure:
    """Other options or another format from here on; the utterance in progress ends with those of before.

    Attributes:
        tracks: The tracks, as many as before.
        parameters: As in `Start`.
        phrases: As in `Start`.
        punctuated: As in `Start`.
        speakers: As in `Start`.
    """

    tracks: Sequence[TrackSpec]
    parameters: Mapping[str, str]
    phrases: Sequence[str] = ()
    punctuated: bool = False
    speakers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class EndUtterance:
    """The utterances in progress end here; the stream goes on.

    Attributes:
        track: Position of the only track that it is about; None for all.
    """

    track: int | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something about the call that is no audio, for whoever listens: a key that was pressed, a mark.

    Attributes:
        kind: `dtmf`, `mark`, or a name of the protocol's own.
        value: Its value.
    """

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a message that needs no audio, such as a question what the server offers; also before the Start.

    Attributes:
        messages: Messages to send.
    """

    messages: Sequence[Message]


@dataclass(frozen=True, slots=True)
class EndOfAudio:
    """The last command: final texts follow, and the connection is closed."""


Command = Start | Audio | Configure | EndUtterance | Note | Reply | EndOfAudio


class Adapter(abc.ABC):
    """The messages of one protocol, for one connection.

    Attributes:
        name: The protocol's name, in settings, metrics and the log.
        starts_at_once: Whether clients say what the stream is as soon as they have connected.
        start_failed: Whether the message that starts the stream cannot be used, and so nothing else of it.
    """

    name: ClassVar[str]
    starts_at_once: ClassVar[bool] = False
    start_failed = False

    @abc.abstractmethod
    def receive(self, message: Message) -> list[Command]:
        """Parse a message of the client.

        Args:
            message: The message.

        Returns:
            What it asks for; empty where it asks for nothing.

        Raises:
            InvalidRequest: The message cannot be used. It is answered with `error`, and the connection goes on.
        """

    def left(self) -> list[Command]:
        """Return what is left to do when the client has gone without an end of its stream."""
        return [EndOfAudio()]

    def warnings(self) -> list[str]:
        """Return what was lost of the audio on its way, in words, since this was last called."""
        return []

    def started(self, warnings: Sequence[str], model: str) -> list[Message]:
        """Answer a Start or Configure that is in force.

        Args:
            warnings: What of the options has no effect.
            model: Tag of the model that transcribes.

        Returns:
            Messages to send.
        """
        del warnings, model
        return []

    def warned(self, warnings: Sequence[str]) -> list[Message]:
        """Write warnings about the audio, which come while the stream goes on.

        Args:
            warnings: In words.

        Returns:
            Messages to send at once.
        """
        del warnings
        return []

    def begins(self, command: Command) -> None:
        """Take notice of a command that is handled now, before its events are passed to `results`.

        Args:
            command: An EndUtterance or EndOfAudio.
        """
        del command

    def results(self, track: int, event: Event) -> list[Message]:
        """Write what was recognised as messages.

        Args:
            track: Position of the track.
            event: The event of its stream.

        Returns:
            Messages to send at once.
        """
        del track, event
        return []

    def handled(self, command: Command) -> list[Message]:
        """Answer a command of which every event has been passed to `results`.

        Args:
            command: The command, other than Start.

        Returns:
            Messages to send; for EndOfAudio, the last ones.
        """
        del command
        return []

    def error(self, error: HindiSTTError) -> list[Message]:
        """Write an error as messages.

        Args:
            error: The error.

        Returns:
            Messages to send; empty where the protocol has none, so that the client only gets the reason of the close.
        """
        del error
        return []

    def closing(self, error: HindiSTTError) -> list[Message]:
        """Write the reason for which the server closes the connection, after the last results; by default as `error`.

        Args:
            error: The reason.

        Returns:
            Messages to send.
        """
        return self.error(error)
