"""NeMo models through the exporter, and through NeMo itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.types import Features

# Largest difference of a log-prob that counts as none.
TOLERANCE = 1e-3


def export_to(
    file: Path, folder: Path, *, language: str = "hi", precisions: tuple[str, ...] = ("fp32", "int8")
) -> tuple[Bundle, object]:
    from hindi_stt.export.exporter import Options, export
    from hindi_stt.export.sources import fetch
    from hindi_stt.export.writer import Identity

    options = Options(Identity("test", language, "Apache-2.0"), precisions)
    return export(fetch(str(file), folder), folder / "bundle", options)


def nemo_log_probs(file: Path, clips: list[Features]) -> list[np.ndarray]:
    """NeMo's own loading, its encoder and its CTC head: of a hybrid the auxiliary one."""
    import torch
    from nemo.collections.asr.models import ASRModel

    model = ASRModel.restore_from(str(file), map_location="cpu").eval()
    head = getattr(model, "ctc_decoder", model.decoder)
    found = []
    for clip in clips:
        with torch.inference_mode():
            encoded, n = model.encoder(
                audio_signal=torch.from_numpy(clip.values.copy())[None], length=torch.tensor([clip.n_frames])
            )
            found.append(head(encoder_output=encoded)[0, : int(n[0])].numpy())
    return found
