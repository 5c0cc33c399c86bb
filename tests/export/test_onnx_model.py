"""NeMo's exporter, and PyTorch's where NeMo's fails: both give NeMo's log-probs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("exporter", ["nemo", "torch"])
def test_both_exporters_give_nemos_log_probs(
    nemo_file: Path, tmp_path: Path, exporter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime as ort
    import torch

    from hindi_stt.export.archive import unpack
    from hindi_stt.export.config import read_config
    from hindi_stt.export.nemo_model import load_model
    from hindi_stt.export.onnx_model import check, export_onnx

    archive = unpack(nemo_file, tmp_path / "nemo")
    nemo = load_model(archive, read_config(archive.config))

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("this version of NeMo cannot")

    if exporter == "torch":
        monkeypatch.setattr(nemo, "export", fail)
    found = export_onnx(nemo)
    assert found.exporter == exporter
    model = check(found.model)

    features = np.random.default_rng(0).standard_normal((1, 80, 160)).astype(np.float32)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (log_probs,) = session.run(None, {"audio_signal": features, "length": np.array([160])})
    with torch.inference_mode():
        encoded, n = nemo.encoder(audio_signal=torch.from_numpy(features), length=torch.tensor([160]))
        head = getattr(nemo, "ctc_decoder", nemo.decoder)
        truth = head(encoder_output=encoded)[0, : int(n[0])].numpy()
    np.testing.assert_allclose(log_probs[0, : len(truth)], truth, atol=1e-3)
