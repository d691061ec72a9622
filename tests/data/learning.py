"""What a set asks for: the accuracy of the simplest rule, and of a small network after a second."""

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.data.classification import ClassificationSet
from course_lib.data.segmentation import Splits


def accuracy_of_nearest_mean(data: Splits) -> float:
    """Accuracy on the test set of the rule "take the class whose mean image is nearest"."""
    images, classes = data.train.images.flatten(1).float(), data.train.labels
    means = torch.stack([images[classes == c].mean(dim=0) for c in range(int(classes.max()) + 1)])
    nearest = torch.cdist(data.test.images.flatten(1).float(), means).argmin(dim=1)
    return (nearest == data.test.labels).float().mean().item()


def accuracy_of_a_small_net(data: Splits, *, steps: int, test: ClassificationSet | None = None) -> float:
    """Accuracy of a network of three convolutions and a maximum over the image."""
    torch.manual_seed(0)
    dims = data.train.images.ndim - 2
    conv, norm, pool = (
        (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d) if dims == 2 else (nn.Conv3d, nn.BatchNorm3d, nn.MaxPool3d)
    )
    widths, layers = (1, 8, 16, 32), []
    for a, b in zip(widths, widths[1:], strict=False):
        layers += [conv(a, b, 3, padding=1), norm(b), nn.ReLU(), pool(2)]
    n_classes = int(data.train.labels.max()) + 1
    body, head = nn.Sequential(*layers[:-1]), nn.Linear(widths[-1], n_classes)
    optimiser = torch.optim.AdamW([*body.parameters(), *head.parameters()])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, total_steps=steps)
    for _ in range(steps):
        batch = torch.randint(len(data.train), (32,))
        logits = head(body(data.train.images[batch] / 255).flatten(2).amax(dim=2))
        optimiser.zero_grad()
        F.cross_entropy(logits, data.train.labels[batch]).backward()
        optimiser.step()
        schedule.step()
    test = data.test if test is None else test
    with torch.no_grad():
        found = head(body.eval()(test.images / 255).flatten(2).amax(dim=2)).argmax(dim=1)
    return (found == test.labels).float().mean().item()
