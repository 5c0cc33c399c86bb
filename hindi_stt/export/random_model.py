"""A NeMo model of a given architecture with random weights, for benchmarks and for tests of the exporter.

Random weights take the same time as trained ones and show every numerical difference; only the text is meaningless.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import sentencepiece
import torch
from nemo.collections.asr.models import EncDecCTCModelBPE, EncDecHybridRNNTCTCBPEModel
from omegaconf import DictConfig, OmegaConf, open_dict

from hindi_stt.types import WORD_MARK

__all__ = ["SIZES", "build_random_model", "resize", "train_tokenizer"]

N_SENTENCES = 4000
WORDS_PER_SENTENCE = 8
PIECES_PER_WORD = 3

# Encoders of published Hindi models by size, as changes to the configuration of the medium one (30 M): AI4Bharat's
# IndicConformer large has the shape of "large" (115 M in the encoder), their model for 22 languages that of "600m".
SIZES: Final[dict[str, dict[str, Any]]] = {
    "medium": {},
    "large": {"n_layers": 17, "d_model": 512, "n_heads": 8},
    "600m": {
        "n_layers": 24,
        "d_model": 1024,
        "n_heads": 8,
        "subsampling": "dw_striding",
        "subsampling_factor": 8,
        "subsampling_conv_channels": 256,
        "conv_kernel_size": 9,
    },
}


def build_random_model(config: Path | DictConfig, pieces: list[str], target: Path, *, seed: int = 0) -> Path:
    """Build a NeMo model with random weights and save it as a .nemo file.

    Words made of the given pieces are the text on which a new tokenizer is trained, with as many classes as the
    configuration has. A hybrid configuration (with a `joint`) becomes a hybrid transducer/CTC model.

    Args:
        config: A NeMo model configuration, or its file.
        pieces: SentencePiece pieces of any Hindi model.
        target: The .nemo file to write.
        seed: Seed of the weights and of the tokenizer's text.

    Returns:
        The path of the .nemo file.
    """
    cfg: Any = OmegaConf.load(config) if isinstance(config, Path) else config.copy()
    torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        size = (cfg.aux_ctc if "joint" in cfg else cfg).decoder.num_classes
        train_tokenizer(pieces, size, Path(folder), seed=seed)
        with open_dict(cfg):
            cfg.tokenizer = {"dir": folder, "type": "bpe"}
            for part in ("train_ds", "validation_ds", "test_ds", "optim", "nemo_version"):
                cfg.pop(part, None)
        model = EncDecHybridRNNTCTCBPEModel(cfg=cfg) if "joint" in cfg else EncDecCTCModelBPE(cfg=cfg)
        _shake_norms(model)
        model.save_to(str(target))
    return target


def resize(config: DictConfig, size: str, n_pieces: int) -> DictConfig:
    """Change the size of a Conformer-CTC configuration.

    Args:
        config: A NeMo model configuration.
        size: One of `SIZES`.
        n_pieces: Subword tokens of the new model, without the blank; 0 for as many as the configuration has.

    Returns:
        The new configuration.
    """
    cfg: Any = config.copy()
    with open_dict(cfg):
        cfg.encoder.update(SIZES[size])
        cfg.decoder.feat_in = cfg.encoder.d_model
        if n_pieces:
            cfg.decoder.num_classes, cfg.decoder.vocabulary = n_pieces, []
    return cfg


def train_tokenizer(pieces: list[str], size: int, folder: Path, *, seed: int = 0) -> None:
    """Train a SentencePiece unigram model; writes tokenizer.model, tokenizer.vocab and vocab.txt.

    Args:
        pieces: Pieces of which the words of the training text are made.
        size: Number of pieces of the new model.
        folder: Where the files go.
        seed: Seed of the training text.
    """
    words = [piece.replace(WORD_MARK, "") for piece in pieces if not piece.startswith("<") and piece != WORD_MARK]
    rng = np.random.default_rng(seed)
    text = folder / "text.txt"
    with text.open("w", encoding="utf-8") as f:
        for _ in range(N_SENTENCES):
            sentence = ("".join(rng.choice(words, PIECES_PER_WORD)) for _ in range(WORDS_PER_SENTENCE))
            f.write(" ".join(sentence) + "\n")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=size,
        model_type="unigram",
        character_coverage=1.0,
        bos_id=-1,
        eos_id=-1,
        normalization_rule_name="identity",
        minloglevel=2,
        num_threads=1,
    )
    trained = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    vocabulary = (trained.id_to_piece(i) for i in range(trained.get_piece_size()))
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in vocabulary), encoding="utf-8")


def _shake_norms(model: torch.nn.Module) -> None:
    """Give BatchNorms the statistics of a trained model's kind: fresh ones hide mistakes."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            with torch.no_grad():
                module.running_mean.normal_(0.0, 0.1)
                module.running_var.uniform_(0.5, 2.0)
                module.weight.uniform_(0.8, 1.2)
                module.bias.normal_(0.0, 0.1)


def main() -> None:
    """Run the command line: CONFIG.yaml PIECES.txt TARGET.nemo [--size SIZE] [--pieces N]."""
    parser = argparse.ArgumentParser(description="Build a NeMo model with random weights.")
    parser.add_argument("config", type=Path, help="a NeMo model configuration")
    parser.add_argument("pieces", type=Path, help="text file with one SentencePiece piece a line, for the alphabet")
    parser.add_argument("target", type=Path, help="the .nemo file to write")
    parser.add_argument("--size", choices=list(SIZES), default="medium", help="shape of the encoder (default: medium)")
    parser.add_argument(
        "--pieces", dest="n_pieces", type=int, default=0, help="number of subword tokens (default: the configuration's)"
    )
    arguments = parser.parse_args()
    pieces = arguments.pieces.read_text(encoding="utf-8").split("\n")
    arguments.target.parent.mkdir(parents=True, exist_ok=True)
    config = OmegaConf.load(arguments.config)
    assert isinstance(config, DictConfig)  # noqa: S101  # a mapping in every NeMo configuration
    config = resize(config, arguments.size, arguments.n_pieces)
    build_random_model(config, [piece for piece in pieces if piece], arguments.target)


if __name__ == "__main__":
    main()
