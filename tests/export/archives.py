"""Small .nemo-like archives, made by hand: good ones and hostile ones."""

from __future__ import annotations

import copy
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

CONFIG: dict[str, Any] = {
    "target": "nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE",
    "nemo_version": "1.8.0rc0",
    "tokenizer": {"type": "bpe", "dir": "x", "model_path": "nemo:abc_tokenizer.model"},
    "preprocessor": {
        "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
        "sample_rate": 16000,
        "normalize": "per_feature",
        "window_size": 0.025,
        "window_stride": 0.01,
        "window": "hann",
        "features": 80,
        "n_fft": 512,
        "log": True,
        "frame_splicing": 1,
        "dither": 1e-5,
        "pad_to": 0,
        "pad_value": 0.0,
    },
    "encoder": {
        "_target_": "nemo.collections.asr.modules.ConformerEncoder",
        "feat_in": 80,
        "feat_out": -1,
        "n_layers": 2,
        "d_model": 64,
        "subsampling": "striding",
        "subsampling_factor": 4,
        "subsampling_conv_channels": 32,
        "ff_expansion_factor": 4,
        "self_attention_model": "rel_pos",
        "n_heads": 4,
        "att_context_size": [-1, -1],
        "xscaling": True,
        "untie_biases": True,
        "pos_emb_max_len": 5000,
        "conv_kernel_size": 31,
        "dropout": 0.1,
        "dropout_emb": 0.0,
        "dropout_att": 0.1,
    },
    "decoder": {
        "_target_": "nemo.collections.asr.modules.ConvASRDecoder",
        "feat_in": 64,
        "num_classes": 3,
        "vocabulary": ["<unk>", "▁क", "ा"],
    },
}


def write_tar(path: Path, files: Mapping[str, bytes], *extra: tuple[tarfile.TarInfo, bytes]) -> Path:
    """files: plain members by name; extra: members made by hand."""
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info, content in extra:
            tar.addfile(info, io.BytesIO(content))
    return path


def good_files(config: Mapping[str, Any] = CONFIG) -> dict[str, bytes]:
    """Members of an archive that unpacks; its weights are nonsense."""
    return {
        "./model_config.yaml": yaml.safe_dump(dict(config), allow_unicode=True).encode(),
        "./model_weights.ckpt": b"weights",
        "./abc_tokenizer.model": b"tokenizer",
    }


# AI4Bharat's order of languages, which is not the alphabet's.
LANGUAGES = "as bn brx doi kok gu hi kn ks mai ml mr mni ne or pa sa sat sd ta te ur".split()


def multilingual_config(pieces: Mapping[str, list[str]]) -> dict[str, Any]:
    """The configuration of an IndicConformer as AI4Bharat's fork writes it.

    Args:
        pieces: The pieces of each language, in the order of the languages.
    """
    config = copy.deepcopy(CONFIG)
    together = [piece for own in pieces.values() for piece in own]
    config["target"] = "nemo.collections.asr.models.hybrid_rnnt_ctc_bpe_models.EncDecHybridRNNTCTCBPEModel"
    config["nemo_version"] = "1.23.0rc0"
    ctc = config.pop("decoder") | {"vocabulary": together, "num_classes": len(together), "multisoftmax": True}
    config["aux_ctc"] = {"ctc_loss_weight": 0.3, "decoder": ctc, "decoding": {"strategy": "greedy"}}
    config["decoder"] = {
        "_target_": "nemo.collections.asr.modules.RNNTDecoder",
        "multisoftmax": True,
        "prednet": {"pred_hidden": 32, "pred_rnn_layers": 1},
        "vocab_size": len(together),
    }
    config["joint"] = {
        "_target_": "nemo.collections.asr.modules.RNNTJoint",
        "multilingual": True,
        "language_keys": list(pieces),
        "jointnet": {"joint_hidden": 32, "activation": "relu"},
        "vocabulary": together,
        "num_classes": len(together),
    }
    config["tokenizer"] = {
        "type": "multilingual",
        "dir": None,
        "langs": {
            code: {
                "dir": f"/somewhere/else/{code}",
                "type": "bpe",
                "model_path": f"nemo:{code}0123_tokenizer.model",
                "vocab_path": f"nemo:{code}4567_vocab.txt",
                "spe_tokenizer_vocab": f"nemo:{code}89ab_tokenizer.vocab",
            }
            for code in pieces
        },
    }
    return config
