"""What a NeMo configuration is read as, and what is refused by name."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from hindi_stt.errors import CorruptModel, HindiSTTError, UnsafeArchive, UnsupportedModel
from hindi_stt.export.config import read_config
from tests.export.archives import CONFIG


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good configuration with one entry set; the path is separated by dots."""
    config = copy.deepcopy(CONFIG)
    *parents, last = path.split(".")
    section = config
    for name in parents:
        section = section.setdefault(name, {})
    section[last] = value
    return config


def test_old_model() -> None:
    config = read_config(CONFIG)
    assert (config.family, config.hybrid, config.subsampling) == ("conformer", False, 4)
    assert config.vocabulary == ("<unk>", "▁क", "ा")
    features = config.features
    assert (features.window_samples, features.hop_samples, features.n_fft, features.n_mels) == (400, 160, 512, 80)
    assert (features.stft_pad_mode, features.valid_frames) == ("reflect", "floor_plus_one")
    assert features.log_zero_guard == 2**-24


@pytest.mark.parametrize(
    ("version", "pad_mode", "frames"),
    [
        ("2.4.1", "reflect", "floor_plus_one"),
        ("2.5.0rc0", "constant", "floor"),
        ("2.10.0", "constant", "floor"),
        ("", "reflect", "floor_plus_one"),
    ],
)
def test_features_follow_the_nemo_version(version: str, pad_mode: str, frames: str) -> None:
    features = read_config(changed("nemo_version", version)).features
    assert (features.stft_pad_mode, features.valid_frames) == (pad_mode, frames)


def test_fastconformer() -> None:
    config = changed("encoder.subsampling", "dw_striding")
    config["encoder"]["subsampling_factor"] = 8
    read = read_config(config)
    assert (read.family, read.subsampling) == ("fastconformer", 8)


def test_hybrid_reads_its_ctc_branch() -> None:
    config = changed("target", "nemo.collections.asr.models.hybrid_rnnt_ctc_bpe_models.EncDecHybridRNNTCTCBPEModel")
    config["aux_ctc"] = {"ctc_loss_weight": 0.3, "decoder": config.pop("decoder")}
    config["decoder"] = {"_target_": "nemo.collections.asr.modules.RNNTDecoder"}
    read = read_config(config)
    assert read.hybrid
    assert read.decoder["num_classes"] == 3


def test_character_model() -> None:
    config = changed("target", "nemo.collections.asr.models.ctc_models.EncDecCTCModel")
    del config["tokenizer"]
    config["decoder"]["vocabulary"] = [" ", "क", "ा"]
    assert read_config(config).tokenizer is None


@pytest.mark.parametrize(
    ("path", "value", "error", "named"),
    [
        ("target", "nemo.collections.asr.models.EncDecRNNTBPEModel", UnsupportedModel, "transducer"),
        ("target", "nemo.collections.asr.models.EncDecSpeakerLabelModel", UnsupportedModel, "EncDecSpeakerLabelModel"),
        ("encoder.att_context_style", "chunked_limited", UnsupportedModel, "streaming"),
        ("encoder.causal_downsampling", True, UnsupportedModel, "streaming"),
        ("encoder.conv_context_size", "causal", UnsupportedModel, "streaming"),
        ("encoder.att_context_size", [[70, 13], [70, 1]], UnsupportedModel, "att_context_size"),
        ("encoder.att_context_size", [128, 128], UnsupportedModel, "att_context_size"),
        ("encoder.self_attention_model", "rel_pos_local_attn", UnsupportedModel, "self_attention_model"),
        ("encoder.subsampling", "vggnet", UnsupportedModel, "subsampling"),
        ("encoder.conv_norm_type", "group_norm8", UnsupportedModel, "conv_norm_type"),
        ("encoder._target_", "nemo.collections.asr.modules.SqueezeformerEncoder", UnsupportedModel, "Squeezeformer"),
        ("preprocessor.surprise", 1, UnsupportedModel, "surprise"),
        ("preprocessor.normalize", "all_features", UnsupportedModel, "normalize"),
        ("preprocessor.highfreq", 4000, UnsupportedModel, "highfreq"),
        ("preprocessor.window", "hamming", UnsupportedModel, "window"),
        ("tokenizer.type", "agg", UnsupportedModel, "Aggregate"),
        ("tokenizer.type", "wpe", UnsupportedModel, "wpe"),
        ("tokenizer.type", "multilingual", UnsupportedModel, "IndicConformer"),
        ("decoder.multisoftmax", True, UnsupportedModel, "IndicConformer"),
        ("decoder.num_classes", 5, CorruptModel, "num_classes"),
        ("decoder.vocabulary", "abc", CorruptModel, "vocabulary"),
        ("tokenizer.model_path", None, CorruptModel, "model_path"),
        ("encoder", None, CorruptModel, "encoder"),
        ("encoder.subsampling_factor", "four", CorruptModel, "subsampling_factor"),
        ("preprocessor.sample_rate", "fast", CorruptModel, "preprocessor"),
        ("preprocessor.window_size", float("inf"), CorruptModel, "preprocessor"),
        ("preprocessor.n_fft", -1, CorruptModel, "preprocessor"),
        ("encoder._target_", "os.system", UnsafeArchive, "os.system"),
        ("loss._target_", "subprocess.Popen", UnsafeArchive, "subprocess.Popen"),
        ("optim.sched.args", [{"_target_": "builtins.eval"}], UnsafeArchive, "builtins.eval"),
        ("encoder.extra", {"_target_": "nemo.core.anything"}, UnsafeArchive, "encoder"),
    ],
)
def test_refused_by_name(path: str, value: Any, error: type[HindiSTTError], named: str) -> None:
    with pytest.raises(error, match=named):
        read_config(changed(path, value))
