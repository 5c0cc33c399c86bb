"""Where a segmentation model finds speech, with one that hears tones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.speakers import SegmentationSpec, SpeakerBundle
from hindi_stt.errors import BundleInvalid, InferenceFailed
from hindi_stt.speakers.embedder import Embedder
from hindi_stt.speakers.segmentation import Segmentation
from tests.support.segmentation_model import FRAME, SPEC, add_segmentation, tones
from tests.support.speaker_model import RATE, write_speaker_bundle

MODULES_UNDER_TEST = ("hindi_stt/speakers/segmentation.py", "hindi_stt/speakers/session.py")

# A frame is judged by the sound around it.
EXACT_S = FRAME / RATE


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> SpeakerBundle:
    return add_segmentation(tmp_path_factory.mktemp("segmentation") / "bundle")


@pytest.fixture(scope="module")
def segmentation(bundle: SpeakerBundle) -> Segmentation:
    return Segmentation(bundle)


def in_seconds(spans: tuple[tuple[int, int], ...]) -> list[float]:
    return [moment / RATE for span in spans for moment in span]


def test_stretches_end_where_the_speaker_changes(segmentation: Segmentation) -> None:
    samples = tones((0.5, 1.6, 0), (1.6, 2.4, 1), (3.0, 3.7, 1), duration_s=4.4)
    speech = segmentation(samples)
    assert in_seconds(speech.stretches) == pytest.approx([0.5, 1.6, 1.6, 2.4, 3.0, 3.7], abs=EXACT_S)
    assert not [span for span in speech.overlaps if span[1] - span[0] > EXACT_S * RATE * 2]


def test_two_at_a_time_are_an_overlap(segmentation: Segmentation) -> None:
    speech = segmentation(tones((0.5, 2.0, 0), (1.5, 3.0, 1), duration_s=3.5))
    assert in_seconds(speech.overlaps) == pytest.approx([1.5, 2.0], abs=EXACT_S)


def test_a_short_pause_is_speech_and_a_long_one_is_not(segmentation: Segmentation) -> None:
    speech = segmentation(tones((0.5, 1.0, 0), (1.2, 2.0, 0), (2.6, 3.0, 0), duration_s=3.5))
    assert in_seconds(speech.stretches) == pytest.approx([0.5, 2.0, 2.6, 3.0], abs=EXACT_S)


def test_who_takes_over_for_a_moment_is_no_speaker(segmentation: Segmentation) -> None:
    speech = segmentation(tones((0.5, 1.5, 0), (1.5, 1.65, 1), (1.65, 3.0, 0), duration_s=3.5))
    assert in_seconds(speech.stretches) == pytest.approx([0.5, 3.0], abs=EXACT_S)


def test_a_moment_before_another_speaker_is_of_that_one(segmentation: Segmentation) -> None:
    speech = segmentation(tones((0.5, 0.7, 1), (0.7, 2.0, 0), duration_s=3.0))
    assert in_seconds(speech.stretches) == pytest.approx([0.5, 2.0], abs=EXACT_S)


def test_a_clip_of_several_chunks_has_its_times(segmentation: Segmentation) -> None:
    turns = [(1.0, 3.0, 0), (4.5, 6.5, 1), (8.2, 9.1, 0), (10.0, 12.9, 1)]
    speech = segmentation(tones(*turns, duration_s=13.1))
    found = in_seconds(speech.stretches)
    for start_s, end_s, _ in turns:
        assert min(abs(moment - start_s) for moment in found) < EXACT_S
        assert min(abs(moment - end_s) for moment in found) < EXACT_S
    assert all(end <= 13.1 * RATE for _, end in speech.stretches)


@pytest.mark.parametrize(
    "n_samples", [0, 1, 100, FRAME - 1, FRAME, FRAME + 1, round(4.8 * RATE), round(4.8 * RATE) + 1]
)
def test_silence_of_any_length_has_no_speech(segmentation: Segmentation, n_samples: int) -> None:
    speech = segmentation(np.zeros(n_samples, np.float32))
    assert (speech.stretches, speech.overlaps) == ((), ())


def test_an_embedder_of_the_bundle_uses_it(bundle: SpeakerBundle) -> None:
    samples = tones((0.5, 1.5, 0), (1.5, 2.5, 1), duration_s=3.0)
    assert len(Embedder(bundle).find_speech(samples).stretches) == 2


def test_a_bundle_without_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleInvalid, match="no segmentation model"):
        Segmentation(write_speaker_bundle(tmp_path / "bundle"))


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    bundle = add_segmentation(tmp_path / "bundle")
    assert bundle.segmentation_model is not None
    bundle.segmentation_model.write_bytes(b"no model")
    with pytest.raises(BundleInvalid, match="SHA-256"):
        SpeakerBundle.open(bundle.folder)
    with pytest.raises(BundleInvalid, match="cannot be used"):
        Segmentation(bundle)


@pytest.mark.parametrize(
    "changes",
    [
        {"hop_samples": 100},
        {"classes": ((), (0,), (1,))},
        {"samples_input": "nothing"},
        {"output": "nothing"},
    ],
)
def test_a_model_that_does_not_fit_its_manifest_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    bundle = add_segmentation(tmp_path / "bundle", SPEC.model_copy(update=changes))
    with pytest.raises(BundleInvalid):
        Segmentation(bundle)


@pytest.mark.parametrize("classes", [[[0], [1]], [[], [0, 1]], [[], [0], [-1]]])
def test_classes_have_silence_and_single_speakers(classes: list[list[int]]) -> None:
    with pytest.raises(ValueError, match=r"classes|numbered"):
        SegmentationSpec.model_validate(SPEC.model_dump() | {"classes": classes})


def test_a_model_that_fails_says_so(segmentation: Segmentation) -> None:
    with pytest.raises(InferenceFailed):
        segmentation(np.zeros((2, 4000), np.float32).T)
