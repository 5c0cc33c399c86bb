"""The embedded model: a small Conformer-CTC of the real model's family, made of NeMo's modules, and its tokenizer."""

import random
import shutil
from collections.abc import Iterable
from pathlib import Path

from hindi_stt.features import FeatureExtractor

from .alphabet import CHARACTERS, COMMA, plain

PIECES = 128


def make_tokenizer(work: Path, bundle: Path | None = None) -> Path:
    """A 128-piece SentencePiece unigram model over the corpus and random sequences of its words, or a bundle's own."""
    import sentencepiece

    folder = work / "tokenizer"
    if (folder / "tokenizer.model").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    if bundle:
        for name in ("vocab.txt", "tokenizer.model"):
            shutil.copy(bundle / name, folder / name)
        return folder
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


def feature_extractor(model) -> FeatureExtractor:
    """The server's own features for this model: NeMo's to the rounding, in a quarter of the time."""
    from omegaconf import OmegaConf

    from hindi_stt.export.config import read_config

    saved = {"tokenizer": {"type": "bpe", "model_path": "nemo:tokenizer.model"}}  # as in the .nemo file
    config = read_config({**OmegaConf.to_container(model.cfg, resolve=True), **saved})
    return FeatureExtractor(config.features, model.preprocessor.featurizer.fb[0].numpy())


def load_bundle(model, folder: Path, batches: Iterable) -> None:
    """Gives the model a bundle's weights, ready to be trained further.

    In a bundle each BatchNorm is part of the convolution before it. Training would normalise what it passes on
    unchanged, so each gets the mean and variance of what it sees in these batches, and a scale and bias that undo them.
    """
    import torch

    from hindi_stt.export.rebuild import rebuild

    model.load_state_dict(rebuild(folder).state_dict())
    model.eval()
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm1d)]
    seen: dict = {norm: [] for norm in norms}

    def note(norm, inputs) -> None:
        seen[norm].append(inputs[0].transpose(0, 1).flatten(1))

    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    with torch.no_grad():
        for features, lengths, *_ in batches:
            model.encoder(audio_signal=features, length=lengths)
        for hook in hooks:
            hook.remove()
        for norm in norms:
            variance, mean = torch.var_mean(torch.cat(seen[norm], 1), dim=1)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_(torch.sqrt(variance + norm.eps))
            norm.bias.add_(mean)
