"""Live audio → utterances: packets of samples in, growing and final texts out. Knows no transport."""

from hindi_stt.streaming.backend import InferenceBackend, LocalBackend
from hindi_stt.streaming.events import Event, Partial, SpeechStarted, SpeechStopped, Utterance
from hindi_stt.streaming.partials import Context
from hindi_stt.streaming.stream import Stream
from hindi_stt.streaming.turns import TurnDetection

__all__ = [
    "Context",
    "Event",
    "InferenceBackend",
    "LocalBackend",
    "Partial",
    "SpeechStarted",
    "SpeechStopped",
    "Stream",
    "TurnDetection",
    "Utterance",
]
