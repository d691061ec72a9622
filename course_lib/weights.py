"""Weights files: safetensors that also carry the settings from which their network is rebuilt."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from course_lib.atomic import write_atomically
from course_lib.config import Settings
from course_lib.data import catalogue
from course_lib.families import FAMILIES, NETWORK_FAMILIES
from course_lib.models.nbody import PARTICLE_NETWORKS
from course_lib.models.point_images import POINT_NETWORKS
from course_lib.models.resnet import ResNet
from course_lib.models.unet import UNet

BLOCKS = 2  # in each stage of a ResNet; with four stages it is a ResNet-18


def build_network(settings: Settings) -> nn.Module:
    """The network that the settings describe, for images, as grids or points, or for moving particles.

    Raises:
        ValueError: If the data do not go with the model.
    """
    particles = settings.model == "particles"
    if particles != (settings.data in catalogue.PARTICLES):
        raise ValueError(
            f"model particles goes with {' or '.join(catalogue.PARTICLES)}, got {settings.model} and "
            f"{settings.data}; change one of the two"
        )
    if settings.model in ("unet", "resnet"):
        return build_model(settings)
    width, depth = settings.widths[0], len(settings.widths)
    if particles:
        torch.manual_seed(settings.seed)
        return PARTICLE_NETWORKS[settings.family](width, depth)
    facts = catalogue.describe(settings.data)
    if facts.dims != 2:
        raise ValueError(f"model points reads images, got {settings.data}, which has volumes; take resnet")
    torch.manual_seed(settings.seed)
    return POINT_NETWORKS[settings.family](facts.channels, facts.n_logits, width, depth)


def build_model(settings: Settings) -> UNet | ResNet:
    """The network on pixels that the settings describe, freshly initialised from their seed.

    Raises:
        ValueError: If a ResNet is asked for data that is not for classification, or a U-Net for data that is,
            or if the settings are for moving particles or for points.
    """
    if settings.model == "particles":
        raise ValueError(f"{settings.name} looks at moving particles, not at images; name a run on images")
    if settings.model == "points":
        raise ValueError(f"{settings.name} looks at points, not at pixels; name a run with unet or resnet")
    if settings.model == "unet":
        if settings.data in catalogue.CLASSIFICATION:
            raise ValueError(f"{settings.data} is for classification; give model: resnet (--model resnet)")
        torch.manual_seed(settings.seed)
        return UNet(FAMILIES[settings.family], 3, 1, widths=settings.widths)
    facts = catalogue.describe(settings.data)
    torch.manual_seed(settings.seed)
    return ResNet(
        NETWORK_FAMILIES[settings.family],
        facts.channels,
        facts.n_logits,
        widths=settings.widths,
        blocks=(BLOCKS,) * len(settings.widths),
    )


def save_weights(path: Path, weights: dict[str, Tensor], settings: Settings) -> None:
    """Write weights and settings in one step; see ``write_atomically``."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    write_atomically(path, save(tensors, metadata={"settings": settings.model_dump_json()}))


def read_weights(path: Path) -> tuple[dict[str, Tensor], Settings]:
    """Weights and settings of a file that ``save_weights`` wrote.

    Raises:
        ValueError: If there is no such file, or it is damaged, or it carries no settings.
    """
    if not path.is_file():
        raise ValueError(f"there is no weights file {path}; train first, or name a .safetensors file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path} is not a whole safetensors file ({error}); fetch or train it again"
        ) from error
    if "settings" not in metadata:
        raise ValueError(f"{path} carries no settings; it must come from the train command of this course")
    return weights, Settings.from_dict(json.loads(metadata["settings"]), source=str(path))


def load_model(path: Path) -> tuple[UNet | ResNet, Settings]:
    """The trained network for images in a weights file, ready to predict, and its settings.

    Raises:
        ValueError: If the file cannot be used, or does not fit the network it describes.
    """
    weights, settings = read_weights(path)
    model = build_model(settings)
    load_into(model, weights, source=path)
    return model.eval(), settings


def load_network(path: Path) -> tuple[nn.Module, Settings]:
    """As ``load_model``, for networks of any kind, on points too."""
    weights, settings = read_weights(path)
    network = build_network(settings)
    load_into(network, weights, source=path)
    return network.eval(), settings


def load_into(model: nn.Module, weights: dict[str, Tensor], *, source: Path) -> None:
    """Copy weights into a network.

    Raises:
        ValueError: If names or shapes differ.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(f"the weights in {source} do not fit the network: {reason}") from error
