"""Several processes: together they compute what one computes alone."""

import os
import socket
from itertools import product
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed, nn
from torch.multiprocessing.spawn import spawn

from course_lib.families import FAMILIES
from course_lib.models.unet import UNet
from course_lib.parallel import (
    SharedBatchNorm,
    make_fabric,
    process_count,
    share,
    share_norms,
    shared_loss,
    shared_mean,
)
from course_lib.tasks import segmentation_loss

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
NAMES = ("plain", "p4", "steerable-so2")
ITEMS = (5, 1)  # of two batches: shares of 3 and 2 items, and of 1 and none


def one_step(name: str, dtype: torch.dtype, items: int) -> dict[str, Tensor]:
    """Loss, gradients and running statistics of one training step, in any number of processes."""
    torch.manual_seed(0)
    model = UNet(FAMILIES[name], 3, 1, widths=(2, 3)).to(dtype)
    images, masks = torch.rand(items, 3, 8, 8, dtype=dtype), torch.rand(items, 1, 8, 8) > 0.6
    share_norms(model)
    network = nn.parallel.DistributedDataParallel(model) if process_count() > 1 else model
    x, y = share(images), share(masks).to(dtype)
    logits = network(x)
    loss = shared_loss(segmentation_loss(logits, y), logits, items)
    loss.backward()
    whole = loss.detach().clone()
    if process_count() > 1:
        distributed.all_reduce(whole)
    result = {"loss": whole / process_count(), **model.state_dict()}
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None
        result[f"gradient of {key}"] = parameter.grad
    return result


def work(rank: int, port: int, folder: str) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", rank=rank, world_size=2)
    found: dict = {case: one_step(*case) for case in product(NAMES, TOLERANCE, ITEMS)}
    mean, count = shared_mean(torch.full((3 - 2 * rank, 1, 1, 1, 1), 1.0 + rank), (0, 2, 3, 4))
    found["mean"] = (mean.item(), count.item(), share(torch.arange(3)).tolist())
    torch.save(found, Path(folder) / f"{rank}.pt")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """What two processes computed, by rank."""
    folder = tmp_path_factory.mktemp("ranks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn(work, args=(port, str(folder)), nprocs=2)
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize("items", ITEMS)
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_two_processes_compute_what_one_computes(together, name, dtype, items):
    alone = one_step(name, dtype, items)
    for found in together:
        several = found[name, dtype, items]
        assert several.keys() == alone.keys()
        for key, expected in alone.items():
            error = (several[key] - expected).abs().max() / expected.abs().max().clamp(min=1)
            assert error < TOLERANCE[dtype], (key, error)
    assert alone["loss"] > 0.1
    assert any(gradient.abs().max() > 1e-3 for key, gradient in alone.items() if key.startswith("gradient"))


@pytest.mark.slow
def test_shares_by_hand(together):
    # Three numbers 1 in one process, one number 2 in the other; not the mean of means 1.5.
    assert together[0]["mean"] == (1.25, 4.0, [0, 1])
    assert together[1]["mean"] == (1.25, 4.0, [2])


def test_alone_nothing_changes():
    torch.manual_seed(0)
    norm, x = nn.BatchNorm3d(3), torch.randn(4, 3, 2, 5, 5)
    shared = nn.BatchNorm3d(3)
    share_norms(shared)
    assert isinstance(shared, SharedBatchNorm)
    assert torch.equal(norm(x), shared(x))
    assert all(torch.equal(norm.state_dict()[key], value) for key, value in shared.state_dict().items())
    assert torch.equal(share(x), x)
    loss = x.mean()
    assert shared_loss(loss, x, 4) is loss


def test_norms_keep_their_parameters_and_unknown_ones_are_refused():
    model = UNet(FAMILIES["steerable-so2"], 3, 1, widths=(2, 3))
    before = {name: id(value) for name, value in model.named_parameters()}
    names = list(model.state_dict())
    share_norms(model)
    share_norms(model)
    assert {name: id(value) for name, value in model.named_parameters()} == before
    assert list(model.state_dict()) == names
    with pytest.raises(ValueError, match="no BatchNorm2d.* for several processes is known"):
        share_norms(nn.Sequential(nn.BatchNorm2d(2)))
    with pytest.raises(ValueError, match="no BatchNorm3d.*affine=False"):
        share_norms(nn.BatchNorm3d(2, affine=False))


def test_fabric_of_one_and_of_too_many():
    assert make_fabric(accelerator="cpu", devices=1, precision="32-true").world_size == 1
    with pytest.raises(ValueError, match="devices must be at least 1, got 0"):
        make_fabric(accelerator="cpu", devices=0, precision="32-true")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="devices must be there for accelerator cuda"):
            make_fabric(accelerator="cuda", devices=2, precision="32-true")
