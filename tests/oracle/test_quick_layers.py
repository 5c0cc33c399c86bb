"""Training's own layers against those of NeMo and PyTorch."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")

from training.quick_layers import DepthwiseConvolution, PooledDropout, quicken  # noqa: E402

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize(
    ("batch", "channels", "frames", "taps"), [(2, 5, 70, 31), (1, 3, 32, 9), (4, 2, 7, 31), (3, 4, 129, 1)]
)
def test_gradients_of_the_convolution_are_those_of_pytorch(batch: int, channels: int, frames: int, taps: int) -> None:
    torch.manual_seed(1)
    x = torch.randn(batch, channels, frames + taps - 1, dtype=torch.float32, requires_grad=True)
    weight = torch.randn(channels, 1, taps, requires_grad=True)
    gradient = torch.randn(batch, channels, frames)
    results = []
    for convolve in (DepthwiseConvolution.apply, lambda x, w: torch.nn.functional.conv1d(x, w, groups=channels)):
        x.grad = weight.grad = None
        values = convolve(x, weight)
        values.backward(gradient)
        results.append((values.detach(), x.grad.clone(), weight.grad.clone()))
    for mine, theirs in zip(*results, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-4)


def test_a_quickened_encoder_gives_the_same_values_and_gradients(nemo_model) -> None:
    plain = copy.deepcopy(nemo_model.encoder)
    for layer in plain.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    plain.sync_max_audio_length = False
    quick = copy.deepcopy(plain)
    quicken(quick)
    torch.manual_seed(2)
    features, lengths = torch.randn(3, 80, 320), torch.tensor([320, 250, 90])
    outputs = []
    for encoder in (plain, quick):
        encoder.train()
        values, sizes = encoder(audio_signal=features, length=lengths)
        (values**2).sum().backward()
        outputs.append(values.detach())
    assert torch.allclose(*outputs, atol=1e-4)
    largest = max(float(one.grad.abs().max()) for one in plain.parameters())
    for (name, one), other in zip(plain.named_parameters(), quick.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, rtol=1e-3, atol=1e-5 * largest), name
    assert sizes.tolist() == [80, 63, 23]


def test_dropout_drops_its_share_at_other_places_each_time() -> None:
    torch.manual_seed(3)
    dropout = PooledDropout(0.25)
    ones = torch.ones(400, 500)
    first, second = dropout(ones), dropout(ones)
    assert first.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert float((first == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert float(((first == 0) & (second == 0)).float().mean()) == pytest.approx(0.0625, abs=0.01)
    assert torch.equal(dropout.eval()(ones), ones)


def test_all_dropout_of_the_encoder_is_replaced(nemo_model) -> None:
    encoder = copy.deepcopy(nemo_model.encoder)
    n_dropouts = 0
    for layer in encoder.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p, n_dropouts = 0.1, n_dropouts + 1
    quicken(encoder)
    kinds = [type(layer) for layer in encoder.modules()]
    assert torch.nn.Dropout not in kinds
    assert kinds.count(PooledDropout) == n_dropouts > 12
