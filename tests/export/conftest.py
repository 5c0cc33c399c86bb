"""Small NeMo models with random weights, one per family, made once per session."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from tests.export.archives import CONFIG

N_PIECES = 96
FAMILIES = ("conformer", "fastconformer", "hybrid", "character")


def family_config(family: str) -> dict[str, Any]:
    """A configuration of two layers; FastConformer and the hybrid with 8x depthwise subsampling."""
    config = copy.deepcopy(CONFIG)
    config["decoder"]["num_classes"], config["decoder"]["vocabulary"] = N_PIECES, []
    if family in ("fastconformer", "hybrid"):
        config["encoder"] |= {
            "subsampling": "dw_striding",
            "subsampling_factor": 8,
            "xscaling": False,
            "conv_kernel_size": 9,
            "use_bias": family == "hybrid",
        }
        config["preprocessor"]["pad_to"] = 16
    if family == "hybrid":
        config["aux_ctc"] = {"ctc_loss_weight": 0.3, "use_cer": False, "ctc_reduction": "mean_batch"}
        config["aux_ctc"]["decoder"] = config.pop("decoder")
        config["aux_ctc"]["decoding"] = {"strategy": "greedy"}
        config["model_defaults"] = {"enc_hidden": 64, "pred_hidden": 32, "joint_hidden": 32}
        config["decoder"] = {
            "_target_": "nemo.collections.asr.modules.RNNTDecoder",
            "normalization_mode": None,
            "random_state_sampling": False,
            "blank_as_pad": True,
            "prednet": {"pred_hidden": 32, "pred_rnn_layers": 1, "t_max": None, "dropout": 0.0},
        }
        config["joint"] = {
            "_target_": "nemo.collections.asr.modules.RNNTJoint",
            "log_softmax": None,
            "fuse_loss_wer": False,
            "jointnet": {"joint_hidden": 32, "activation": "relu", "dropout": 0.0},
        }
        config["decoding"] = {"strategy": "greedy", "greedy": {"max_symbols": 10}}
        config["loss"] = {"loss_name": "default"}
        config["target"] = "nemo.collections.asr.models.hybrid_rnnt_ctc_bpe_models.EncDecHybridRNNTCTCBPEModel"
    return config


@pytest.fixture(scope="session", params=FAMILIES)
def nemo_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .nemo file of one family."""
    from omegaconf import OmegaConf

    from hindi_stt.export.random_model import build_random_model

    family = request.param
    file = tmp_path_factory.mktemp("nemo") / f"{family}.nemo"
    if family == "character":
        return character_model(file)
    pieces = list(Bundle.open(EMBEDDED).tokens)
    return build_random_model(OmegaConf.create(family_config(family)), pieces, file)


def character_model(file: Path) -> Path:
    from nemo.collections.asr.models import EncDecCTCModel
    from omegaconf import OmegaConf

    config = copy.deepcopy(CONFIG)
    del config["tokenizer"]
    config["target"] = "nemo.collections.asr.models.ctc_models.EncDecCTCModel"
    config["decoder"] |= {"vocabulary": [" ", "क", "ा", "म", "न"], "num_classes": 5}
    EncDecCTCModel(cfg=OmegaConf.create(config)).save_to(str(file))
    return file
