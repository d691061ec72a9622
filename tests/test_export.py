"""Exported files compute what the networks compute, for every family, any batch and three precisions."""

import logging
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from course_lib import export
from course_lib.cli.main import app
from course_lib.config import Settings
from course_lib.data import load
from course_lib.evaluation import dice, segmenter
from course_lib.export import export_onnx, onnx_function
from course_lib.families import FAMILIES, VOLUME_FAMILIES
from course_lib.models.resnet import ResNet
from course_lib.models.unet import UNet
from course_lib.weights import build_model, load_model, save_weights

WEIGHTS = Path(__file__).parents[1] / "book" / "weights"

pytestmark = pytest.mark.filterwarnings(
    "ignore"
)  # the exporters of torch and onnxruntime warn about themselves


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def with_statistics(net, x):
    """The network after one step in training mode, so that its norms have something to export."""
    torch.manual_seed(0)
    net.train()(x)
    return net.eval()


def unet(name, size=16):
    return with_statistics(UNet(FAMILIES[name], 3, 1, widths=(2, 3)), torch.rand(4, 3, size, size))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_unets_of_every_family(name, tmp_path):
    net, path = unet(name), tmp_path / "net.onnx"
    export_onnx(net, path, torch.rand(2, 3, 16, 16))
    for batch in (1, 5):
        x = torch.rand(batch, 3, 16, 16)
        torch.testing.assert_close(onnx_function(path)(x), net(x).detach(), rtol=0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FAMILIES, *VOLUME_FAMILIES])
def test_resnets_of_every_family(name, tmp_path):
    family, path = {**FAMILIES, **VOLUME_FAMILIES}[name], tmp_path / "net.onnx"
    sides = (14,) * family.dims
    net = with_statistics(ResNet(family, 1, 4, widths=(2, 3), blocks=(1, 1)), torch.rand(4, 1, *sides))
    export_onnx(net, path, torch.rand(2, 1, *sides))
    for batch in (1, 5):
        x = torch.rand(batch, 1, *sides)
        torch.testing.assert_close(onnx_function(path)(x), net(x).detach(), rtol=0, atol=1e-4)


@pytest.mark.slow
def test_lower_precision_makes_smaller_files(tmp_path):
    torch.manual_seed(0)
    net = with_statistics(UNet(FAMILIES["p4"], 3, 1, widths=(8, 16)), torch.rand(4, 3, 16, 16))
    x, sizes = torch.rand(16, 3, 16, 16), {}
    for precision in ("float32", "float16", "int8"):
        path = tmp_path / f"{precision}.onnx"
        export_onnx(net, path, x[:2], precision=precision, calibration=x if precision == "int8" else None)
        sizes[precision] = path.stat().st_size
        found, expected = onnx_function(path)(x), net(x).detach()
        assert (found - expected).norm() < {"float32": 1e-5, "float16": 1e-2, "int8": 0.3}[
            precision
        ] * expected.norm()
    assert sizes["float16"] < 0.6 * sizes["float32"] and sizes["int8"] < 0.5 * sizes["float32"]


def test_a_file_that_computes_something_else_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "onnx_function", lambda content: lambda x: torch.zeros(len(x), 1, 16, 16))
    with pytest.raises(ValueError, match="exported file differs"):
        export_onnx(unet("plain"), tmp_path / "net.onnx", torch.rand(2, 3, 16, 16))
    assert not (tmp_path / "net.onnx").exists()


def test_bad_input_is_refused(tmp_path):
    net, x = unet("plain"), torch.rand(2, 3, 16, 16)
    with pytest.raises(ValueError, match="at least 2 images in float32, got 1"):
        export_onnx(net, tmp_path / "a.onnx", x[:1])
    with pytest.raises(ValueError, match='belong to precision "int8"'):
        export_onnx(net, tmp_path / "a.onnx", x, precision="int8")
    (tmp_path / "broken.onnx").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="export it again"):
        onnx_function(tmp_path / "broken.onnx")


def saved(tmp_path, **given):
    settings = Settings(data="synthetic-polyps", family="p4", size=16, widths=(2, 4), **given)
    path = tmp_path / "weights.safetensors"
    save_weights(path, build_model(settings).state_dict(), settings)
    return path


def test_the_command(tmp_path):
    out = tmp_path / "net.onnx"
    done = CliRunner().invoke(app, ["export", str(saved(tmp_path)), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "MB, opset 18" in done.output and onnx_function(out)(torch.rand(3, 3, 16, 16)).shape == (
        3,
        1,
        16,
        16,
    )
    wrong = CliRunner().invoke(app, ["export", str(saved(tmp_path)), "--precision", "int4"])
    assert wrong.exit_code == 2


def blind_unet():
    """A network that marks nothing, whatever the image."""
    net = UNet(FAMILIES["plain"], 3, 1, widths=(2, 4))
    torch.nn.init.constant_(net.head.bias, -1e6)
    return net.eval()


def test_the_command_takes_back_a_file_that_loses_dice(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "course_lib.deployment.onnx_function", lambda path: lambda x: torch.full((len(x), 1, 16, 16), 9.0)
    )
    monkeypatch.setattr(
        "course_lib.cli.use.load_model",
        lambda path: (
            blind_unet(),
            Settings(data="synthetic-polyps", size=16),
        ),
    )
    monkeypatch.setattr(
        "course_lib.deployment.export_onnx", lambda model, out, *args, **options: out.write_bytes(b"x")
    )
    out = tmp_path / "net.onnx"
    out.write_bytes(b"an older export")
    done = CliRunner().invoke(app, ["export", "any.safetensors", "--out", str(out), "--precision", "float16"])
    assert done.exit_code == 2 and out.read_bytes() == b"an older export"
    assert list(tmp_path.iterdir()) == [out], "the file that failed is gone"


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float16", "int8"])
@pytest.mark.parametrize("family", ["p4"])
def test_dice_on_real_data_is_kept(family, precision, tmp_path):
    model, settings = load_model(WEIGHTS / f"kvasir-seg_group_{family}_64px_s0.safetensors")
    try:
        splits = load(settings.data, size=settings.size, split=settings.split, seed=settings.split_seed)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    images, truth = splits.test.images / 255, splits.test.masks > 0
    calibration = splits.train.images[:64] / 255 if precision == "int8" else None
    path = tmp_path / "net.onnx"
    export_onnx(model, path, images[:2], precision=precision, calibration=calibration)
    before, after = (dice(segmenter(f)(images), truth).mean().item() for f in (model, onnx_function(path)))
    assert abs(before - after) < 0.005
