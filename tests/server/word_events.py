"""Continuous speech whose words' starts are known: espeak-ng's library tells where it begins each word."""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Final

import numpy as np
import pytest

_RETRIEVAL, _CHARS_UTF8, _WORD, _END = 1, 1, 1, 0
_BUFFER_MS: Final = 500
_POSITION_CHARACTER: Final = 1


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def speak_with_words(text: str) -> tuple[np.ndarray, int, dict[int, float]]:
    """Samples, int16 [n]; their rate; and the start in seconds of the word at each position in the text, from 0."""
    name = ctypes.util.find_library("espeak-ng")
    if name is None:
        pytest.skip("espeak-ng's library is not installed")
    library = ctypes.CDLL(name)
    rate = library.espeak_Initialize(_RETRIEVAL, _BUFFER_MS, None, 0)
    parts: list[np.ndarray] = []
    starts: dict[int, float] = {}

    def receive(samples: object, count: int, events: object) -> int:
        if count:
            parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        for i in range(1_000):
            event = events[i]  # type: ignore[index]
            if event.type == _END:
                break
            if event.type == _WORD:
                starts.setdefault(event.text_position - 1, event.audio_position / 1000)
        return 0

    callback = _Callback(receive)
    library.espeak_SetSynthCallback(callback)
    library.espeak_SetVoiceByName(b"hi")
    library.espeak_SetParameter(1, 150, 0)
    encoded = text.encode()
    library.espeak_Synth(encoded, len(encoded) + 1, 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None)
    library.espeak_Synchronize()
    library.espeak_Terminate()
    return np.concatenate(parts), rate, starts
