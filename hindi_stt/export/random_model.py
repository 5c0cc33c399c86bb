"""A NeMo model of a given architecture with random weights, for benchmarks and for tests of the exporter.

Random weights take the same time as trained ones and show every numerical difference; only the text is meaningless.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
import torch
from nemo.collections.asr.models import EncDecCTCModelBPE, EncDecHybridRNNTCTCBPEModel
from omegaconf import DictConfig, OmegaConf, open_dict

from hindi_stt.types import WORD_MARK

__all__ = ["build_random_model", "train_tokenizer"]

N_SENTENCES = 4000
WORDS_PER_SENTENCE = 8
PIECES_PER_WORD = 3


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
    """Run the command line: CONFIG.yaml PIECES.txt TARGET.nemo."""
    parser = argparse.ArgumentParser(description="Build a NeMo model with random weights.")
    parser.add_argument("config", type=Path, help="a NeMo model configuration")
    parser.add_argument("pieces", type=Path, help="text file with one SentencePiece piece a line, for the alphabet")
    parser.add_argument("target", type=Path, help="the .nemo file to write")
    arguments = parser.parse_args()
    pieces = arguments.pieces.read_text(encoding="utf-8").split("\n")
    arguments.target.parent.mkdir(parents=True, exist_ok=True)
    build_random_model(arguments.config, [piece for piece in pieces if piece], arguments.target)


if __name__ == "__main__":
    main()
