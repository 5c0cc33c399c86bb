"""NeMo's preprocessor on waveforms from a file: python nemo_features.py IN.npz OUT.npz, in any NeMo's environment."""

from __future__ import annotations

import sys

import numpy as np
import torch
from nemo.collections.asr.modules import AudioToMelSpectrogramPreprocessor


def main() -> None:
    preprocessor = AudioToMelSpectrogramPreprocessor(
        sample_rate=16_000,
        normalize="per_feature",
        window_size=0.025,
        window_stride=0.01,
        window="hann",
        features=80,
        n_fft=512,
        log=True,
        frame_splicing=1,
        dither=0.0,
        pad_to=0,
    ).eval()
    features = {}
    with np.load(sys.argv[1]) as waveforms:
        for name, samples in waveforms.items():
            signal, length = torch.from_numpy(samples[None]), torch.tensor([len(samples)])
            values, n_frames = preprocessor(input_signal=signal, length=length)
            features[name] = values[0, :, : int(n_frames[0])].numpy()
    np.savez(sys.argv[2], **features)


main()
