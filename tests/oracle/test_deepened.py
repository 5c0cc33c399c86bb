"""A model that gets more layers computes what it did before, and what is new can be trained."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from training.model import count_layers, deepened, load_start, make_model  # noqa: E402  (it imports PyTorch)

pytestmark = pytest.mark.oracle
EMBEDDED = Path(__file__).parents[2] / "hindi_stt" / "embedded"


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(1)
    model = make_model(EMBEDDED, layers=3).eval()
    for parameter in model.parameters():  # no norm or bias as it is at first
        parameter.data += 0.05 * torch.randn_like(parameter)
    return model


def encode(model: torch.nn.Module, features: torch.Tensor) -> torch.Tensor:
    lengths = torch.tensor([features.shape[-1]] * len(features))
    return model.decoder(encoder_output=model.encoder(audio_signal=features, length=lengths)[0])


@pytest.mark.parametrize("layers", [3, 4, 5, 6])
def test_new_layers_change_nothing(small: torch.nn.Module, layers: int) -> None:
    deep = make_model(EMBEDDED, layers=layers)
    deep.load_state_dict(deepened(small.state_dict(), layers))
    assert count_layers(deep.state_dict()) == layers
    features = torch.randn(2, 80, 150)
    with torch.no_grad():
        assert torch.allclose(encode(small, features), encode(deep.eval(), features), atol=1e-3)


def test_new_layers_learn(small: torch.nn.Module) -> None:
    deep = make_model(EMBEDDED, layers=4).train()
    deep.load_state_dict(deepened(small.state_dict(), 4))
    encode(deep, torch.randn(2, 80, 150))[..., 5].sum().backward()
    silent = {name for name, p in deep.named_parameters() if ".linear2." in name and p.requires_grad and not p.any()}
    assert silent
    assert all(deep.get_parameter(name).grad.any() for name in silent if name.endswith("weight"))


def test_layers_are_not_taken_away(small: torch.nn.Module) -> None:
    with pytest.raises(ValueError, match="3 layers already"):
        deepened(small.state_dict(), 2)
    with pytest.raises(ValueError, match="6 at most"):
        deepened(small.state_dict(), 7)


def test_a_checkpoint_starts_a_deeper_model(small: torch.nn.Module, tmp_path: Path) -> None:
    torch.save({"model": small.state_dict()}, tmp_path / "checkpoint.pt")
    deep = make_model(EMBEDDED, layers=5).eval()
    load_start(deep, tmp_path / "checkpoint.pt", ())
    features = torch.randn(1, 80, 90)
    with torch.no_grad():
        assert torch.allclose(encode(small, features), encode(deep, features), atol=1e-3)
