"""Training on stored clips writes a checkpoint, goes on from it and begins a deeper model with it."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.features import FeatureExtractor

torch = pytest.importorskip("torch")

from tests.support.training_folder import make_training_folder  # noqa: E402
from training.batches import BATCH_S, Ease, batches, disagreement  # noqa: E402
from training.clips import ClipMaker  # noqa: E402
from training.model import count_layers  # noqa: E402  (it imports PyTorch)

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed"),
]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_training_folder(tmp_path)


def train(folder: Path, steps: int, *more: str) -> dict:
    """Trains up to so many steps and returns the checkpoint."""
    command = [sys.executable, "-W", "ignore", "-m", "training.train", str(folder), "--steps", str(steps)]
    command += ["--processes", "1", "--minutes", "60", "--shares", "spoken=1,real=1", "--stock", "20", *more]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=300)
    return torch.load(folder / "checkpoint.pt", map_location="cpu")


def test_a_run_is_resumed_and_a_deeper_one_starts_from_it(work: Path, tmp_path: Path) -> None:
    start = ("--start", str(ROOT / "hindi_stt" / "embedded"))
    first = train(work, 2, *start)
    again = train(work, 3, *start)
    assert (first["step"], again["step"]) == (2, 3)
    assert again["elapsed"] > first["elapsed"] > 0
    changed = [name for name, value in first["model"].items() if not torch.equal(value, again["model"][name])]
    layers = count_layers(first["model"])
    assert any(name.startswith(f"encoder.layers.{layers - 1}.") for name in changed)
    deeper = tmp_path / "deeper"
    deeper.mkdir()
    for name in ("text", "spoken", "real"):
        (deeper / name).symlink_to(work / name)
    more = ("--layers", str(layers + 2), "--consistency", "0.2", "--dropout", "0.1")
    deep = train(deeper, 1, "--start", str(work / "checkpoint.pt"), *more)
    assert count_layers(deep["model"]) == layers + 2
    assert (deeper / "final.nemo").stat().st_size > (work / "final.nemo").stat().st_size


def test_batches_of_two_processes_are_full_and_of_like_length(work: Path) -> None:
    """What one process draws is not what the other does, but the places in the order of lengths are the same."""
    bundle = Bundle.open(EMBEDDED)
    extract = FeatureExtractor(bundle.manifest.features, bundle.filterbank)
    longest_of = []
    for seed in (1, 2):
        maker = ClipMaker(work, seed, {"spoken": 1.0, "real": 1.0, "espeak": 0.5})
        source = batches(maker, lambda text: [1] * len(text), extract, Ease(1.0), random.Random(7))
        longest, texts = [], []
        for features, lengths, pieces, sizes in itertools.islice(source, 20):
            n_clips, _, n_frames = features.shape
            assert len(lengths) == len(sizes) == len(pieces) == n_clips
            assert n_frames == int(lengths.max())
            assert n_clips == 1 or n_clips * n_frames <= BATCH_S * 100 * 1.01
            assert pieces.shape[1] == int(sizes.max())
            assert int(pieces.count_nonzero()) == int(sizes.sum())
            longest.append(n_frames)
            texts += sizes.tolist()
        assert len(texts) > 60
        longest_of.append(longest)
    assert longest_of[0] != longest_of[1]
    assert np.corrcoef(*longest_of)[0, 1] > 0.8


def test_each_batch_has_two_versions_of_its_clips(work: Path) -> None:
    bundle = Bundle.open(EMBEDDED)
    extract = FeatureExtractor(bundle.manifest.features, bundle.filterbank)
    maker = ClipMaker(work, 1, {"spoken": 1.0, "real": 1.0, "espeak": 0.5})
    source = batches(maker, lambda text: [ord(c) for c in text], extract, Ease(1.0), random.Random(7), views=2)
    several = 0
    for features, lengths, pieces, sizes in itertools.islice(source, 10):
        one, other = features.chunk(2)
        assert one.shape == other.shape
        assert not torch.allclose(one, other)
        for both in (lengths, pieces, sizes):
            assert torch.equal(*both.chunk(2))
        assert len(one) == 1 or len(features) * features.shape[2] <= BATCH_S * 100 * 1.01
        several += len(one) > 1
    assert several > 3


def test_disagreement_is_the_mean_divergence_of_both_directions() -> None:
    """Against PyTorch's own divergence, clip by clip; frames behind a clip's end count for nothing."""
    torch.manual_seed(3)
    logits = torch.randn(6, 9, 5, requires_grad=True)
    log_probs = logits.log_softmax(dim=2)
    lengths = torch.tensor([9, 4, 6] * 2)
    expected = 0.0
    for clip in range(3):
        one, other = (log_probs[row, : lengths[clip]].detach() for row in (clip, clip + 3))
        for guess, target in ((one, other), (other, one)):
            expected += float(torch.nn.functional.kl_div(guess, target, reduction="sum", log_target=True)) / 6
    result = disagreement(log_probs, lengths)
    assert float(result.detach()) == pytest.approx(expected, rel=1e-5)
    result.backward()
    assert logits.grad[0].abs().sum() > 0
    assert not logits.grad[1, 4:].any()
    assert not disagreement(log_probs[:3].repeat(2, 1, 1), lengths).any()
