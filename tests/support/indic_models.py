"""Small multilingual models in the form of AI4Bharat's, and their fork of NeMo where its checkout is at hand."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.export.archives import multilingual_config, write_tar

# First code points of consonants and of vowel signs, and how many are taken, of some scripts.
_SCRIPTS = {"hi": (0x915, 0x93E), "gu": (0xA95, 0xABE), "bn": (0x995, 0x9BE), "ta": (0xB95, 0xBBE)}
_N_CONSONANTS, _N_VOWELS = 30, 8
FORK, FORK_PYTHON = "HINDI_STT_TEST_INDIC_NEMO", "HINDI_STT_TEST_INDIC_PYTHON"
_SCRIPT = Path(__file__).parents[1] / "oracle" / "indic_fork.py"


def train_tokenizers(
    languages: Sequence[str], n_pieces: int, folder: Path, *, one_per_script: bool = False
) -> dict[str, Path]:
    """Train a SentencePiece model per language; a language without a script of its own here gets Hindi's.

    Args:
        languages: Their codes.
        n_pieces: Pieces of each model.
        folder: Where the folders are made.
        one_per_script: Give languages of one script here the same model, which takes a fifth of the time.

    Returns:
        Folder of each language's files.
    """
    from hindi_stt.export.random_model import train_tokenizer

    folders: dict[str, Path] = {}
    trained: dict[tuple[int, int], Path] = {}
    for seed, code in enumerate(languages):
        consonants, vowels = script = _SCRIPTS.get(code, _SCRIPTS["hi"])
        if one_per_script and script in trained:
            folders[code] = Path(shutil.copytree(trained[script], folder / code))
            continue
        letters = _letters(consonants, _N_CONSONANTS)
        pieces = letters + [a + b for a in letters for b in _letters(vowels, _N_VOWELS)]
        folders[code] = trained[script] = folder / code
        folders[code].mkdir(parents=True)
        train_tokenizer(pieces, n_pieces, folders[code], seed=seed)
    return folders


def _letters(first: int, n: int) -> list[str]:
    import unicodedata

    found = [chr(code) for code in range(first, first + 2 * n) if unicodedata.category(chr(code))[0] in "LM"]
    return found[:n]


def pieces_of(folders: dict[str, Path]) -> dict[str, list[str]]:
    """The pieces of each language, in the order of ids."""
    from hindi_stt.export.nemo_model import read_pieces

    return {code: list(read_pieces(folder / "tokenizer.model")) for code, folder in folders.items()}


def fork_config(folders: dict[str, Path], **encoder: Any) -> dict[str, Any]:
    """The configuration of a model as it is given to the fork: as in its example for hybrids, with several tokenizers.

    Args:
        folders: Of each language's tokenizer.
        encoder: Options of the encoder.
    """
    config = multilingual_config({code: [] for code in folders})
    config["encoder"] |= encoder
    for name in ("target", "nemo_version"):
        del config[name]
    d_model = config["encoder"]["d_model"]
    config["sample_rate"] = 16000
    config["model_defaults"] = {"enc_hidden": d_model, "pred_hidden": 32, "joint_hidden": 32}
    config["aux_ctc"]["decoder"] |= {"feat_in": None, "num_classes": -1, "vocabulary": []}
    config["aux_ctc"] |= {"use_cer": False, "ctc_reduction": "mean_batch"}
    config["decoder"] |= {"normalization_mode": None, "random_state_sampling": False, "blank_as_pad": True}
    config["decoder"]["prednet"] |= {"t_max": None, "dropout": 0.0}
    config["joint"] |= {"log_softmax": None, "preserve_memory": False, "fuse_loss_wer": False}
    config["joint"]["jointnet"]["dropout"] = 0.0
    for section in ("decoder", "joint"):
        for name in ("vocab_size", "vocabulary", "num_classes"):
            config[section].pop(name, None)
    config["decoding"] = {"strategy": "greedy_batch", "greedy": {"max_symbols": 10}}
    config["loss"] = {"loss_name": "default"}
    config["validation_ds"] = {"manifest_filepath": None, "sample_rate": 16000, "shuffle": False}
    config["validation_ds"]["use_start_end_token"] = False
    config["tokenizer"]["langs"] = {code: {"dir": str(folder), "type": "bpe"} for code, folder in folders.items()}
    return config


def random_archive(folders: dict[str, Path], file: Path) -> Path:
    """A .nemo file with random weights in the form of the fork's, made without it: plain NeMo's encoder, and a head."""
    import torch
    import yaml

    from hindi_stt.export.config import read_config
    from hindi_stt.export.nemo_model import build_nemo_model, nemo_config

    config = multilingual_config(pieces_of(folders))
    own = read_config(config, next(iter(folders)))
    torch.manual_seed(0)
    first = folders[next(iter(folders))] / "tokenizer.model"
    model = build_nemo_model(nemo_config(own, own.vocabulary), first, own.vocabulary)
    state = {key: value for key, value in model.state_dict().items() if not key.startswith("decoder.")}
    n_rows = len(config["aux_ctc"]["decoder"]["vocabulary"]) + 1
    d_model = config["encoder"]["d_model"]
    state["ctc_decoder.decoder_layers.0.weight"] = torch.randn(n_rows, d_model, 1) * 0.15
    state["ctc_decoder.decoder_layers.0.bias"] = torch.randn(n_rows) * 0.5
    state["decoder.prediction.embed.weight"] = torch.randn(n_rows, 32)  # of the transducer, which is not read
    weights = io.BytesIO()
    torch.save(state, weights)
    members = {
        "./model_config.yaml": yaml.safe_dump(config, allow_unicode=True, sort_keys=False).encode(),
        "./model_weights.ckpt": weights.getvalue(),
    }
    for code, folder in folders.items():
        members[f"./{code}0123_tokenizer.model"] = (folder / "tokenizer.model").read_bytes()
    return write_tar(file, members)


def needs_fork() -> pytest.MarkDecorator:
    """Skip by name where the fork's checkout or the Python of its environment is not named."""
    missing = [name for name in (FORK, FORK_PYTHON) if not os.environ.get(name)]
    reason = f"{' and '.join(missing)} name no checkout of AI4Bharat's NeMo fork, branch nemo-v2 (make oracle-indic)"
    return pytest.mark.skipif(bool(missing), reason=reason)


def run_fork(*arguments: str | Path) -> None:
    """Run a command of `tests/oracle/indic_fork.py` by the fork."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
    environment |= {"PYTHONPATH": os.environ[FORK], "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    command = [os.environ[FORK_PYTHON], "-W", "ignore", _SCRIPT, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
