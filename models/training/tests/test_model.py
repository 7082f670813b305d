"""Networks: shapes, sizes, and losses that fall on a batch that can be learnt."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import model


def learn(net: nn.Module, loss: Callable[[], Tensor], steps: int = 12, lr: float = 3e-3) -> tuple[float, float]:
    """First and last loss of a few optimiser steps."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=lr)
    values = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        values.append(float(value.detach()))
    return values[0], values[-1]


@pytest.mark.parametrize(
    ("network", "low", "high"),
    [
        ("unet", 1.1e6, 1.3e6),
        ("unet-b0", 5e6, 9e6),
        ("narrow-resnet", 0.3e6, 0.45e6),
        ("resnet50", 2.3e7, 3e7),
        ("compact", 0.15e6, 0.25e6),
        ("b0", 3.5e6, 4.5e6),
    ],
)
def test_parameter_count(network: str, low: float, high: float) -> None:
    assert low < model.parameters(model.build(network)) < high


@pytest.mark.parametrize("network", ["unet", "unet-b0"])
def test_segment_shapes(network: str) -> None:
    net = model.build(network).eval()
    with torch.no_grad():
        for rows, columns in ((32, 64), (96, 32)):
            assert net(torch.rand(2, 3, rows, columns)).shape == (2, model.SEGMENT_CLASSES, rows, columns)


@pytest.mark.parametrize(("network", "slices"), [("narrow-resnet", 16), ("narrow-resnet", 5), ("resnet50", 2)])
def test_classify_shapes(network: str, slices: int) -> None:
    net = model.build(network).eval()
    with torch.no_grad():
        logit, slice_logits, maps = net(torch.rand(2, slices, 4, 80, 80))
    assert logit.shape == (2,)
    assert slice_logits.shape == (2, slices)
    assert maps.shape == (2, slices, 10, 10)


@pytest.mark.parametrize("network", ["compact", "b0"])
def test_model1_shapes(network: str) -> None:
    net = model.build(network).eval()
    with torch.no_grad():
        logit, cells = net(torch.rand(2, 3, 128, 128))
    assert logit.shape == (2,)
    assert cells.shape == (2, 8, 8)


def test_unknown_network_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown network"):
        model.build("vgg")


def test_vertebrae_of_a_batch_do_not_mix() -> None:
    net = model.build("narrow-resnet").eval()
    x = torch.rand(3, 16, 4, 80, 80)
    with torch.no_grad():
        torch.testing.assert_close(net(x)[0][1:2], net(x[1:2])[0], rtol=1e-4, atol=1e-5)


def test_slice_logit_follows_the_hottest_cell() -> None:
    cold = torch.full((1, 8, 8), -4.0)
    hot = cold.clone()
    hot[0, 2, 3] = 6.0
    assert float(model.soft_max_pool(hot)) > float(model.soft_max_pool(cold)) + 3


def test_segment_loss_falls() -> None:
    torch.manual_seed(0)
    net = model.SegmentNet(4)
    x = torch.rand(2, 3, 32, 32) * 0.1
    y = torch.zeros(2, 32, 32, dtype=torch.uint8)
    y[:, 8:24, 8:24] = 3
    x[:, :, 8:24, 8:24] += 0.8
    first, last = learn(net, lambda: model.segment_loss(net(x), y), 20, 1e-2)
    assert last < 0.7 * first


def test_segment_loss_of_a_perfect_answer_is_near_zero() -> None:
    y = torch.randint(0, 9, (1, 16, 16), dtype=torch.uint8)
    logits = 40 * torch.nn.functional.one_hot(y.long(), 9).permute(0, 3, 1, 2).float()
    assert float(model.segment_loss(logits, y)) < 1e-3
    assert float(model.segment_loss(-logits, y)) > 1


def test_segment_loss_without_foreground_is_finite() -> None:
    y = torch.zeros(1, 16, 16, dtype=torch.uint8)
    assert torch.isfinite(model.segment_loss(torch.randn(1, 9, 16, 16), y))


def crop_toy() -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    x = torch.rand(4, 3, 4, 80, 80) * 0.2 + 0.4
    maps = torch.zeros(4, 3, 10, 10)
    x[:2, 1, :3, 32:48, 32:48] = 0
    maps[:2, 1, 4:6, 4:6] = 1
    return x, torch.tensor([1.0, 1, 0, 0]), maps, torch.ones(4, dtype=torch.bool), torch.ones(4, dtype=torch.bool)


def test_classify_loss_falls() -> None:
    torch.manual_seed(0)
    net = model.build("narrow-resnet", 8)
    x, label, maps, known, usable = crop_toy()
    first, last = learn(net, lambda: model.classify_loss(net(x), label, maps, known, usable), 15)
    assert last < 0.6 * first


def test_unknown_map_trains_the_vertebra_alone() -> None:
    outputs = tuple(torch.zeros(s, requires_grad=True) for s in ((4,), (4, 3), (4, 3, 10, 10)))
    _, label, maps, known, usable = crop_toy()
    model.classify_loss(outputs, label, maps, ~known, usable).backward()
    assert outputs[0].grad is not None
    assert outputs[0].grad.abs().sum() > 0
    for other in outputs[1:]:
        assert other.grad is not None
        assert other.grad.abs().sum() == 0


def test_unusable_row_teaches_nothing() -> None:
    outputs = tuple(torch.zeros(s, requires_grad=True) for s in ((4,), (4, 3), (4, 3, 10, 10)))
    _, label, maps, known, usable = crop_toy()
    usable[0] = False
    model.classify_loss(outputs, label, maps, known, usable).backward()
    for output in outputs:
        assert output.grad is not None
        assert output.grad[0].abs().sum() == 0
        assert output.grad[1].abs().sum() > 0


def test_slice_loss_falls() -> None:
    torch.manual_seed(0)
    net = model.build("compact")
    x = torch.rand(6, 3, 128, 128) * 0.2 + 0.3
    x[:3, :, 40:60, 40:60] = 1
    label = torch.tensor([1.0, 1, 1, 0, 0, 0])
    first, last = learn(net, lambda: model.slice_loss(net(x), label), 10)
    assert last < 0.7 * first


def test_network_that_found_only_background_is_pushed_to_vertebrae() -> None:
    """At class shares of two thousandths, one answer for all pixels must not be a resting place."""
    y = torch.zeros(1, 100, 100, dtype=torch.uint8)
    for level in range(1, 8):
        y[0, 10 * level, :20] = level
    y[0, 90:92] = 8
    share = torch.bincount(y.flatten().long(), minlength=9) / y.numel()
    bias = share.log().requires_grad_()
    model.segment_loss(bias[None, :, None, None].expand(1, 9, 100, 100), y).backward()
    assert bias.grad is not None
    assert float(bias.grad[0]) > 0.1
    assert bool((bias.grad[1:8] < -0.02).all())
