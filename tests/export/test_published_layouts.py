"""What NeMo's own exporter writes, imported as a published file: NeMo's log-probs, and the exported bundle's texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.catalogue.ready_onnx import Identity, import_onnx
from hindi_stt.decoding import GreedyDecoder
from hindi_stt.evaluation.consistency import made_up_features
from hindi_stt.inference.acoustic import LocalAcoustic
from tests.support.exporting import TOLERANCE, export_to, nemo_log_probs

pytestmark = pytest.mark.oracle

DURATIONS_S = (1, 3, 8, 20)


def published(nemo_file: Path, folder: Path) -> Path:
    """The graph as NeMo exports it, and the vocabulary as the recipes of sherpa-onnx and onnx-asr write it."""
    from nemo.collections.asr.models import ASRModel

    model = ASRModel.restore_from(str(nemo_file), map_location="cpu").eval()
    if hasattr(model, "ctc_decoder"):
        model.set_export_config({"decoder_type": "ctc"})
    folder.mkdir()
    model.export(str(folder / "model.onnx"))
    pieces = getattr(model, "ctc_decoder", model.decoder).vocabulary
    lines = [f"{piece} {i}\n" for i, piece in enumerate(pieces)]
    (folder / "vocab.txt").write_text("".join([*lines, f"<blk> {len(pieces)}\n"]), encoding="utf-8")
    return folder


def log_probs(bundle: Bundle) -> list[np.ndarray]:
    acoustic = LocalAcoustic(bundle, threads=1, precision="fp32")
    return [acoustic([clip])[0].values for clip in made_up_features(bundle, DURATIONS_S)]


def test_same_as_nemo_and_as_the_exported_bundle(nemo_file: Path, tmp_path: Path) -> None:
    exported, _ = export_to(nemo_file, tmp_path)
    folder = published(nemo_file, tmp_path / "published")
    (folder / "features.json").write_text(exported.manifest.features.model_dump_json())
    made, _ = import_onnx(folder, tmp_path / "imported", Identity("test", "hi", "Apache-2.0"))
    assert made.manifest.acoustic.subsampling == exported.manifest.acoustic.subsampling
    assert made.tokens == exported.tokens
    clips = made_up_features(made, DURATIONS_S)
    for found, expected in zip(log_probs(made), nemo_log_probs(nemo_file, clips), strict=True):
        assert np.abs(found - expected).max() < TOLERANCE
    decode = GreedyDecoder(made.tokens, made.manifest.acoustic.blank_id)
    acoustics = [LocalAcoustic(bundle, threads=1, precision="fp32") for bundle in (made, exported)]
    for clip in clips:
        a, b = (decode(acoustic([clip])[0]).text for acoustic in acoustics)
        assert a == b
