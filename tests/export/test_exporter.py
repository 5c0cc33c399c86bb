"""A NeMo model of each family goes through the exporter, is served, and gives NeMo's log-probs; oracle tests."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from hindi_stt.bundle.manifest import EMBEDDED, REPORT_FILE, WEIGHTS_ROLE, Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from tests.export.archives import CONFIG, write_tar
from tests.export.conftest import family_config
from tests.support.exporting import TOLERANCE, export_to, nemo_log_probs
from tests.support.server import ROOT

pytestmark = pytest.mark.oracle

DATA = Path(__file__).parents[1] / "data"


def assert_equal_to_nemo(bundle: Bundle, file: Path) -> None:
    """Alone, and all in one padded batch; the best class wherever it is clear."""
    from hindi_stt.evaluation.consistency import made_up_features

    clips = made_up_features(bundle)
    expected = nemo_log_probs(file, clips)
    alone = LocalAcoustic(bundle, threads=1, precision="fp32")
    together = LocalAcoustic(bundle, threads=1, precision="fp32", max_padding=0.99)
    assert len(together.groups(clips)) < len(clips) / 4
    for results in ([alone([clip])[0] for clip in clips], together(clips)):
        for result, truth in zip(results, expected, strict=True):
            assert result.values.shape == truth.shape
            assert np.abs(result.values - truth).max() < TOLERANCE
            margin = np.diff(np.sort(truth, axis=1)[:, -2:], axis=1)[:, 0]
            sure = margin > TOLERANCE
            assert (result.values.argmax(1) == truth.argmax(1))[sure].all()


@pytest.fixture(scope="module")
def exported(nemo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, object]:
    return export_to(nemo_file, tmp_path_factory.mktemp("exported"))


def test_family(nemo_file: Path, exported: tuple[Bundle, object]) -> None:
    bundle, report = exported
    assert bundle.manifest.precisions == ["fp32", "int8"]
    assert bundle.manifest.default_precision == "fp32"
    assert (bundle.folder / REPORT_FILE).is_file()
    assert "against NeMo" in str(report)
    assert_equal_to_nemo(bundle, nemo_file)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """Of a large model, gigabytes were left in the folder for temporary files."""
    from omegaconf import OmegaConf

    from hindi_stt.export.random_model import build_random_model

    pieces = list(Bundle.open(EMBEDDED).tokens)
    file = build_random_model(OmegaConf.create(family_config("conformer")), pieces, tmp_path / "model.nemo")
    (temporary := tmp_path / "temporary").mkdir()
    # As from a terminal: of a script in the background, SIGINT is ignored by children.
    code = "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); del sys.argv[0]; "
    code += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-W", "ignore", "-c", code, "export_model.py", str(file), "--to", str(tmp_path / "made")]
    environment = os.environ | {"TMPDIR": str(temporary)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        try:
            while not list(temporary.glob("hindi-stt-export-*/*")):
                assert run.poll() is None
                time.sleep(0.02)
            run.send_signal(number)
            _, said = run.communicate(timeout=120)
        finally:
            run.kill()
    assert run.returncode == 128 + number
    assert said.decode().endswith("Interrupted. No bundle was written.\n")
    assert list(temporary.glob("hindi-stt-export-*")) == []
    assert not (tmp_path / "made").exists()


def test_weights_beside_the_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of a large model are written: two files a precision, and the same results."""
    from omegaconf import OmegaConf

    from hindi_stt.export import writer
    from hindi_stt.export.random_model import build_random_model
    from hindi_stt.export.rebuild import rebuild

    pieces = list(Bundle.open(EMBEDDED).tokens)
    file = build_random_model(OmegaConf.create(family_config("conformer")), pieces, tmp_path / "large.nemo")
    monkeypatch.setattr(writer, "MAX_INLINE_BYTES", 0)
    bundle, report = export_to(file, tmp_path)
    beside = [asset.name for asset in bundle.manifest.assets if asset.role == WEIGHTS_ROLE]
    assert beside == ["fp32:model.fp32.weights", "int8:model.int8.weights"]
    assert report.bytes["fp32"] > (bundle.folder / "model.fp32.weights").stat().st_size
    assert_equal_to_nemo(bundle, file)
    rebuild(bundle.folder)


def test_family_rebuilt(exported: tuple[Bundle, object]) -> None:
    """The bundle alone is enough to have the NeMo model again."""
    from hindi_stt.evaluation.consistency import made_up_features
    from hindi_stt.export.rebuild import rebuild
    from hindi_stt.export.verify import NemoAcoustic

    bundle, _ = exported
    rebuilt = NemoAcoustic(rebuild(bundle.folder), bundle.manifest.frame_shift_s)
    clips = made_up_features(bundle, (1, 4, 9))
    served = LocalAcoustic(bundle, threads=1, precision="fp32")(clips)
    for a, b in zip(served, rebuilt(clips), strict=True):
        assert np.abs(a.values - b.values).max() < TOLERANCE


def test_int8_is_the_same_in_any_company(exported: tuple[Bundle, object]) -> None:
    from hindi_stt.evaluation.consistency import check_consistency

    int8 = next(one for one in check_consistency(exported[0], threads=1) if one.precision == "int8")
    assert int8.max_batch_delta == 0
    assert int8.max_delta < 1


@pytest.mark.skipif(not os.environ.get("HINDI_STT_TEST_NEMO_CONFIG"), reason="HINDI_STT_TEST_NEMO_CONFIG names no file")
def test_real_architecture(bundle: Bundle, tmp_path: Path) -> None:
    """The configuration of a published model, with random weights."""
    from hindi_stt.export.random_model import build_random_model

    config = Path(os.environ["HINDI_STT_TEST_NEMO_CONFIG"])
    file = build_random_model(config, list(bundle.tokens), tmp_path / "real.nemo")
    exported, _ = export_to(file, tmp_path)
    assert_equal_to_nemo(exported, file)


def nemo_archive(bundle: Bundle, folder: Path) -> Path:
    """The embedded model as a .nemo file again."""
    import torch

    from hindi_stt.export.rebuild import rebuild

    config = yaml.safe_load(bundle.path("nemo_config").read_text(encoding="utf-8"))
    config["target"] = CONFIG["target"]
    config["tokenizer"] = {"type": "bpe", "model_path": "nemo:tokenizer.model"}
    weights = io.BytesIO()
    torch.save(rebuild(bundle.folder).state_dict(), weights)
    files = {
        "model_config.yaml": yaml.safe_dump(config).encode(),
        "model_weights.ckpt": weights.getvalue(),
        "tokenizer.model": bundle.path("tokenizer").read_bytes(),
    }
    return write_tar(folder / "embedded.nemo", files)


def test_trained_model_keeps_its_text(bundle: Bundle, tmp_path: Path) -> None:
    """The embedded model, back to NeMo, exported again: the same texts as NeMo, on speech and on noise."""
    from hindi_stt.evaluation.manifest import Utterance
    from hindi_stt.export.exporter import Options, export
    from hindi_stt.export.sources import fetch
    from hindi_stt.export.writer import Identity

    utterances = [Utterance(clip, "") for clip in sorted(DATA.glob("*.*"))]
    source = fetch(str(nemo_archive(bundle, tmp_path)), tmp_path)
    options = Options(Identity("again", "hi", "Apache-2.0"), precisions=("fp32",), utterances=utterances)
    _, report = export(source, tmp_path / "bundle", options)
    assert report.speech is not None
    assert report.speech.texts_differ == 0
    assert report.fidelity["fp32"].texts_differ == 0
