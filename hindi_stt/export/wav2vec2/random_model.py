"""A Wav2Vec2ForCTC model of a published architecture with random weights, for benchmarks and tests of the exporter."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

__all__ = ["SHAPES", "build_random_model"]

# vakyansh's Hindi models are of the first kind, IndicWav2Vec's of the second (wav2vec 2.0's BASE, and LARGE with the
# layer norm of XLSR-53). The small ones have the same layers, fewer and narrower.
_LAYER_NORM: Final[dict[str, Any]] = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
_SMALL: Final[dict[str, Any]] = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "conv_dim": [32] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
SHAPES: Final[dict[str, dict[str, Any]]] = {
    "base": {},
    "large": {
        **_LAYER_NORM,
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
    },
    "small-group-norm": _SMALL,
    "small-layer-norm": {**_LAYER_NORM, **_SMALL},
}


def build_random_model(shape: str, letters: Sequence[str], folder: Path, *, seed: int = 0) -> Path:
    """Build a model with random weights and save it as people publish them.

    Args:
        shape: One of `SHAPES`.
        letters: Texts of the classes besides "|" and the special tokens.
        folder: Where the files go.
        seed: Of the weights.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = ["<s>", "<pad>", "</s>", "<unk>", "|", *letters]
    masked = SHAPES[shape].get("feat_extract_norm") == "layer"
    config = Wav2Vec2Config(
        **SHAPES[shape],
        vocab_size=len(texts),
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        ctc_loss_reduction="mean",
    )
    torch.manual_seed(seed)
    model = Wav2Vec2ForCTC(config).eval()
    with torch.no_grad():  # initialised ones hide mistakes: scales of 1 and biases of 0, and all but equal classes
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.add_(0.1 * torch.randn_like(parameter))
        model.lm_head.weight.mul_(20.0)
    model.save_pretrained(folder)
    preprocessor = {
        "feature_extractor_type": "Wav2Vec2FeatureExtractor",
        "feature_size": 1,
        "sampling_rate": 16_000,
        "do_normalize": True,
        "return_attention_mask": masked,
        "padding_side": "right",
        "padding_value": 0.0,
    }
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    tokenizer = {
        **special,
        "word_delimiter_token": "|",
        "do_lower_case": False,
        "tokenizer_class": "Wav2Vec2CTCTokenizer",
    }
    for name, content in (
        ("preprocessor_config.json", preprocessor),
        ("special_tokens_map.json", special),
        ("tokenizer_config.json", tokenizer),
        ("vocab.json", {text: i for i, text in enumerate(texts)}),
    ):
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return folder


def main() -> None:
    """Run the command line: SHAPE FOLDER."""
    parser = argparse.ArgumentParser(description="Build a Wav2Vec2ForCTC model with random weights.")
    parser.add_argument("shape", choices=list(SHAPES))
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    devanagari = [chr(code) for code in range(0x0901, 0x094E) if chr(code).isprintable()]
    build_random_model(arguments.shape, devanagari, arguments.folder)


if __name__ == "__main__":
    main()
