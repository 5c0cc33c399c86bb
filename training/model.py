"""The embedded model: a small Conformer-CTC of the real model's family, made of NeMo's modules, and its tokenizer."""

import random
from pathlib import Path

from .alphabet import CHARACTERS, COMMA, plain

PIECES = 128


def make_tokenizer(work: Path) -> Path:
    """A 128-piece SentencePiece unigram model over the corpus and random sequences of its words."""
    import sentencepiece

    folder = work / "tokenizer"
    if (folder / "tokenizer.model").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    generator = random.Random(2)
    lines = [
        plain(line.split("\t")[1])
        for line in (work / "text" / "sentences.tsv").read_text(encoding="utf-8").splitlines()
    ]
    words = (work / "text" / "words.txt").read_text(encoding="utf-8").split()
    lines += [" ".join(generator.choices(words, k=5)) for _ in range(30_000)]
    (folder / "corpus.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "corpus.txt"),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=PIECES,
        model_type="unigram",
        character_coverage=1.0,
        required_chars=CHARACTERS + COMMA,
        bos_id=-1,
        eos_id=-1,
        pad_id=-1,
        unk_id=0,
        normalization_rule_name="identity",
        max_sentencepiece_length=4,
        minloglevel=2,
        num_threads=2,
    )
    vocabulary = [line.split("\t")[0] for line in (folder / "tokenizer.vocab").read_text(encoding="utf-8").splitlines()]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    return folder


def make_model(tokenizer: Path):
    """An untrained NeMo model. Width 144 and 8 layers: 4.3 million parameters."""
    from nemo.collections.asr.models import EncDecCTCModelBPE
    from omegaconf import OmegaConf

    masks = {"freq_masks": 2, "time_masks": 5, "freq_width": 27, "time_width": 0.05}
    config = {
        "sample_rate": 16000, "log_prediction": False, "ctc_reduction": "mean_batch", "skip_nan_grad": False,
        "train_ds": None, "validation_ds": None, "test_ds": None,
        "tokenizer": {"dir": str(tokenizer), "type": "bpe"},
        "preprocessor": {
            "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor", "sample_rate": 16000,
            "normalize": "per_feature", "window_size": 0.025, "window_stride": 0.01, "window": "hann", "features": 80,
            "n_fft": 512, "log": True, "frame_splicing": 1, "dither": 1e-5, "pad_to": 0, "pad_value": 0.0,
        },
        "spec_augment": {"_target_": "nemo.collections.asr.modules.SpectrogramAugmentation", **masks},
        "encoder": {
            "_target_": "nemo.collections.asr.modules.ConformerEncoder", "feat_in": 80, "feat_out": -1, "n_layers": 8,
            "d_model": 144, "subsampling": "striding", "subsampling_factor": 4, "subsampling_conv_channels": 64,
            "ff_expansion_factor": 4, "self_attention_model": "rel_pos", "n_heads": 4, "att_context_size": [-1, -1],
            "xscaling": True, "untie_biases": True, "pos_emb_max_len": 5000, "conv_kernel_size": 31,
            "conv_norm_type": "batch_norm", "dropout": 0.0, "dropout_emb": 0.0, "dropout_att": 0.0,
        },
        "decoder": {
            "_target_": "nemo.collections.asr.modules.ConvASRDecoder", "feat_in": 144, "num_classes": -1,
            "vocabulary": [],
        },
        "optim": {"name": "adamw", "lr": 1.5e-3},
    }  # fmt: skip
    return EncDecCTCModelBPE(cfg=OmegaConf.create(config))
