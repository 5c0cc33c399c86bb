"""Whether a recording has sound above the band of telephones, in which voices differ less."""

from __future__ import annotations

from typing import Final

import numpy as np

from hindi_stt.types import Float32

__all__ = ["Bandwidth"]

_FRAME: Final = 512
# Speech is in the first band, in Hz. What telephones and 8 kHz files leave in the second one is below the share.
_SPEECH_HZ: Final = (300.0, 3400.0)
_ABOVE_HZ: Final = (4300.0, 7500.0)
_LEAST_SHARE: Final = 1e-5  # of the power: -50 dB


class Bandwidth:
    """The power of a recording in two bands, clip by clip."""

    def __init__(self) -> None:
        self.speech_power = self.power_above = 0.0

    def add(self, samples: Float32, sample_rate: int) -> None:
        """Take a clip.

        Args:
            samples: Mono, float32 [n].
            sample_rate: In Hz.
        """
        n = len(samples) // _FRAME
        if not n:
            return
        frames = samples[: n * _FRAME].reshape(n, _FRAME) * np.hanning(_FRAME).astype(np.float32)
        power = (np.abs(np.fft.rfft(frames, axis=1)) ** 2).sum(axis=0)
        hz = np.fft.rfftfreq(_FRAME, 1 / sample_rate)
        self.speech_power += float(power[(hz >= _SPEECH_HZ[0]) & (hz <= _SPEECH_HZ[1])].sum())
        self.power_above += float(power[(hz >= _ABOVE_HZ[0]) & (hz <= _ABOVE_HZ[1])].sum())

    def include(self, other: Bandwidth) -> None:
        """Add the power of other clips."""
        self.speech_power += other.speech_power
        self.power_above += other.power_above

    @property
    def narrow(self) -> bool:
        """Whether there is nothing above the band of telephones."""
        return self.power_above <= _LEAST_SHARE * self.speech_power
