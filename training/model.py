"""The embedded model: a small Conformer-CTC of the real model's family, made of NeMo's modules, and its tokenizer."""

import random
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from hindi_stt.features import FeatureExtractor

from .alphabet import CHARACTERS, COMMA, plain

PIECES = 128
LAYERS = 8
_LAYER = re.compile(r"encoder\.layers\.(\d+)\.(.+)")
# What each half-step of a layer adds to its input goes through one of these.
_LAST_STEPS = ("feed_forward1.linear2", "self_attn.linear_out", "conv.pointwise_conv2", "feed_forward2.linear2")


def make_tokenizer(work: Path, start: Path | None = None) -> Path:
    """A 128-piece SentencePiece unigram model over the corpus and random sequences of its words.

    Args:
        work: the work folder.
        start: where training starts: from a bundle the tokenizer is the bundle's own, from a checkpoint that of its
            work folder; None for a new one.

    Returns:
        The tokenizer's folder.
    """
    import sentencepiece

    folder = work / "tokenizer"
    if (folder / "tokenizer.model").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    if start:
        for name in ("vocab.txt", "tokenizer.model"):
            shutil.copy((start if start.is_dir() else start.parent / "tokenizer") / name, folder / name)
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


def make_model(tokenizer: Path, layers: int = LAYERS, dropout: float = 0.0):
    """An untrained NeMo model of width 144. With 8 layers it has 4.3 million parameters, with 12 6.2 million.

    Args:
        tokenizer: The tokenizer's folder.
        layers: Layers of the encoder.
        dropout: Probability at which training sets what half-steps and attention pass on to zero.

    Returns:
        The `EncDecCTCModelBPE`.
    """
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
            "_target_": "nemo.collections.asr.modules.ConformerEncoder", "feat_in": 80, "feat_out": -1,
            "n_layers": layers, "d_model": 144, "subsampling": "striding", "subsampling_factor": 4,
            "subsampling_conv_channels": 64, "ff_expansion_factor": 4, "self_attention_model": "rel_pos",
            "n_heads": 4, "att_context_size": [-1, -1],
            "xscaling": True, "untie_biases": True, "pos_emb_max_len": 5000, "conv_kernel_size": 31,
            "conv_norm_type": "batch_norm", "dropout": dropout, "dropout_emb": 0.0, "dropout_att": dropout,
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


def count_layers(state: dict) -> int:
    """The encoder layers that a model's parameters hold."""
    return 1 + max(int(match[1]) for match in map(_LAYER.match, state) if match)


def deepened(state: dict, layers: int) -> dict:
    """The parameters of a deeper model that computes the same.

    New layers are spread among the present ones. Each is a copy of the one before it whose four residual branches add
    nothing yet. A layer ends with a normalisation; the scale and bias of the earlier layer's move to the copy's, since
    to normalise what is normalised changes nothing.

    Args:
        state: The parameters of a model of `make_model`.
        layers: How many layers the result has.

    Returns:
        Parameters by name; those that are not of layers are shared with `state`.

    Raises:
        ValueError: There are more layers already.
    """
    import torch

    present = count_layers(state)
    if layers < present:
        raise ValueError(f"the model has {present} layers already, {layers} are fewer")
    added = layers - present
    after = {(2 * number + 1) * present // (2 * added) for number in range(added)}
    if added > present:
        raise ValueError(f"{present} layers can become {2 * present} at most in one step")
    result = {name: value for name, value in state.items() if not _LAYER.match(name)}
    at = 0
    for number in range(present):
        layer = {name[2]: state[name[0]] for name in filter(None, map(_LAYER.match, state)) if int(name[1]) == number}
        copies = [dict(layer), dict(layer)] if number in after else [layer]
        if number in after:
            copies[0]["norm_out.weight"] = torch.ones_like(layer["norm_out.weight"])
            copies[0]["norm_out.bias"] = torch.zeros_like(layer["norm_out.bias"])
            for name in filter(lambda name: name.rpartition(".")[0] in _LAST_STEPS, layer):
                copies[1][name] = torch.zeros_like(layer[name])
        for copy in copies:
            result |= {f"encoder.layers.{at}.{name}": value.clone() for name, value in copy.items()}
            at += 1
    return result


def load_start(model, start: Path, batches: Iterable) -> None:
    """Gives the model the weights of a bundle or of a checkpoint of training, deepened where it has more layers.

    Args:
        model: What to train.
        start: The bundle's folder or the checkpoint's file.
        batches: What a bundle's batch statistics are measured on.
    """
    import torch

    if start.is_dir():
        load_bundle(model, start, batches)
        return
    state = torch.load(start, map_location="cpu")["model"]
    model.load_state_dict(deepened(state, count_layers(model.state_dict())))


def load_bundle(model, folder: Path, batches: Iterable) -> None:
    """Gives the model a bundle's weights, ready to be trained further; deepened where it has more layers.

    In a bundle each BatchNorm is part of the convolution before it. Training would normalise what it passes on
    unchanged, so each gets the mean and variance of what it sees in these batches, and a scale and bias that undo them.
    """
    import torch

    from hindi_stt.export.rebuild import rebuild

    model.load_state_dict(deepened(rebuild(folder).state_dict(), count_layers(model.state_dict())))
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
