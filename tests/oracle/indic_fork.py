"""AI4Bharat's fork of NeMo as a program, run by the Python of its own environment with its checkout on PYTHONPATH.

    indic_fork.py build CONFIG.yaml MODEL.nemo            a model with random weights
    indic_fork.py run MODEL.nemo OUT.npz CODES WAV…       log-probs, texts, features and encodings per recording
    indic_fork.py export MODEL.nemo FOLDER                its ONNX export: encoder, heads
    indic_fork.py rows MODEL.nemo OUT.json                rows of the CTC head per language

This file imports nothing of this project, whose Python is a later one.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import soundfile
import torch
from nemo.collections.asr.models import ASRModel, EncDecHybridRNNTCTCBPEModel
from omegaconf import OmegaConf

_NORM_SEED = 1


def build(config: Path, target: Path) -> None:
    """Build a model with random weights, and BatchNorms with statistics of a trained model's kind."""
    torch.manual_seed(0)
    model = EncDecHybridRNNTCTCBPEModel(cfg=OmegaConf.load(config))
    torch.manual_seed(_NORM_SEED)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm1d):
                module.running_mean.normal_(0.0, 0.1)
                module.running_var.uniform_(0.5, 2.0)
                module.weight.uniform_(0.8, 1.2)
                module.bias.normal_(0.0, 0.1)
        _vary_best_classes(model)
    model.save_to(str(target))


def _vary_best_classes(model: EncDecHybridRNNTCTCBPEModel) -> None:
    """Give the CTC head weights with which the best class changes from frame to frame: no class is best on average."""
    model.eval()
    noise = torch.randn(1, 80, 2000)
    encoded, _ = model.encoder(audio_signal=noise, length=torch.tensor([2000]))
    head = model.ctc_decoder.decoder_layers[0]
    head.weight.normal_(0.0, 0.3)
    head.bias.copy_(-(head.weight[:, :, 0] @ encoded[0].mean(dim=1)))


def run(file: Path, target: Path, languages: list[str], recordings: list[Path]) -> None:
    """Write what the fork computes for each recording and language, one clip a call, and its features and encodings."""
    model = _load(file)
    found: dict[str, np.ndarray] = {}
    texts = {}
    for i, recording in enumerate(recordings):
        samples, _ = soundfile.read(recording, dtype="float32")
        signal, length = torch.from_numpy(samples)[None], torch.tensor([len(samples)])
        model.eval()  # `transcribe` leaves the encoder in training mode, where a further call changes its BatchNorms
        with torch.inference_mode():
            features, n_frames = model.preprocessor(input_signal=signal, length=length)
            encoded, n_steps = model.encoder(audio_signal=features, length=n_frames)
        found[f"features_{i}"] = features[0, :, : int(n_frames)].numpy()
        found[f"encoded_{i}"] = encoded[0, :, : int(n_steps)].numpy()
        for code in languages:
            log_probs = model.transcribe([str(recording)], language_id=code, logprobs=True, verbose=False)
            while not torch.is_tensor(log_probs) and not isinstance(log_probs, np.ndarray):
                log_probs = log_probs[0]
            text = model.transcribe([str(recording)], language_id=code, verbose=False)
            while not isinstance(text, str):
                text = text[0]
            found[f"log_probs_{i}_{code}"] = np.asarray(log_probs)
            texts[f"{i}_{code}"] = text
    found["texts"] = np.array(json.dumps(texts, ensure_ascii=False))
    np.savez(target, **found)


def export(file: Path, folder: Path) -> None:
    """Export the encoder and the CTC head as the fork does, as ONNX."""
    model = _load(file)
    folder.mkdir(parents=True, exist_ok=True)
    model.encoder.export(str(folder / "encoder.onnx"), onnx_opset_version=16)
    model.ctc_decoder.export(str(folder / "ctc_decoder.onnx"), onnx_opset_version=16)
    masks = model.ctc_decoder.language_masks
    (folder / "language_masks.json").write_text(json.dumps(masks))
    vocabularies = {code: [*one.vocab, "|"] for code, one in model.tokenizer.tokenizers_dict.items()}
    (folder / "vocab.json").write_text(json.dumps(vocabularies, ensure_ascii=False), encoding="utf-8")


def rows(file: Path, target: Path) -> None:
    """Write which rows of the CTC head the fork takes for each language: the true ones of its masks."""
    masks = _load(file).ctc_decoder.language_masks
    found = {code: [i for i, own in enumerate(mask) if own] for code, mask in masks.items()}
    target.write_text(json.dumps(found))


def _load(file: Path) -> EncDecHybridRNNTCTCBPEModel:
    model = ASRModel.restore_from(str(file), map_location="cpu").eval()
    model.preprocessor.featurizer.dither = 0.0
    model.cur_decoder = "ctc"
    return model


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["build", "run", "export", "rows"])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("languages", nargs="?", default="", help="codes, separated by commas")
    parser.add_argument("recordings", nargs="*", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "build":
        build(arguments.source, arguments.target)
    elif arguments.command == "run":
        run(arguments.source, arguments.target, arguments.languages.split(","), arguments.recordings)
    elif arguments.command == "rows":
        rows(arguments.source, arguments.target)
    else:
        export(arguments.source, arguments.target)


if __name__ == "__main__":
    sys.exit(main())
