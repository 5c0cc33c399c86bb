"""Audio whose channels are interleaved → the bytes of each track, or of one track that all channels are mixed into."""

from __future__ import annotations

import numpy as np

from hindi_stt.audio import PacketDecoder, PacketFormat

__all__ = ["InterleavedAudio"]


class InterleavedAudio:
    """Splits packets, or mixes them. The result does not depend on how the audio is cut into packets.

    Args:
        audio: Format of the samples of every channel.
        n_channels: Number of channels, at least one.
        mixed: Mix the channels into one track, instead of a track for each.
    """

    def __init__(self, audio: PacketFormat, n_channels: int, *, mixed: bool = False) -> None:
        self._sample_bytes = 2 if audio.encoding == "pcm16" else 1
        self._n_channels = n_channels
        self._mixed = mixed and n_channels > 1
        self._rest = b""
        # Companded samples are mixed as what they stand for.
        self._levels = PacketDecoder(audio, audio.rate)
        self.track_format = PacketFormat("pcm16", audio.rate) if self._mixed else audio
        """Format of the tracks' packets."""

    @property
    def n_tracks(self) -> int:
        """Number of tracks."""
        return 1 if self._mixed else self._n_channels

    def push(self, data: bytes) -> list[bytes]:
        """Take a packet.

        Args:
            data: Interleaved samples, cut anywhere.

        Returns:
            The bytes of each track.
        """
        if self._n_channels == 1:
            return [data]
        data = self._rest + data
        frame_bytes = self._sample_bytes * self._n_channels
        whole = len(data) // frame_bytes * frame_bytes
        data, self._rest = data[:whole], data[whole:]
        if self._mixed:
            levels = self._levels.push(data).reshape(-1, self._n_channels).mean(axis=1)
            return [np.rint(levels * 32_768).clip(-32_768, 32_767).astype("<i2").tobytes()]
        samples = np.frombuffer(data, np.dtype(f"V{self._sample_bytes}")).reshape(-1, self._n_channels)
        return [samples[:, channel].tobytes() for channel in range(self._n_channels)]
