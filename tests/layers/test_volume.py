"""Ordinary layers of torch on volumes with a fiber axis of 1."""

import pytest
import torch
from torch import nn

from course_lib.layers.volume import OnScalars, volume_conv, volume_norm


@pytest.mark.parametrize(
    "layer", [volume_conv(2, 3), volume_conv(2, 3, kernel_size=1), volume_norm(2)], ids=str
)
def test_volumes_keep_their_size_and_the_plain_layer_is_equal(layer):
    x = torch.rand(2, 2, 1, 4, 5, 6)
    layer = layer.eval()
    plain, out = layer.to_plain(), layer(x)
    assert out.shape == (2, out.shape[1], 1, 4, 5, 6)
    torch.testing.assert_close(plain(x.squeeze(2)).unsqueeze(2), out)
    with torch.no_grad():
        plain.weight.add_(1)
    torch.testing.assert_close(layer(x), out)  # the copy shares nothing


def test_bad_input_is_refused():
    with pytest.raises(
        ValueError, match=r"input must be b c 1 z y x, got \(1, 2, 3, 4, 4\); give the volume"
    ):
        volume_norm(2)(torch.zeros(1, 2, 3, 4, 4))
    with pytest.raises(ValueError, match=r"got \(1, 2, 4, 3, 3, 3\)"):
        OnScalars(nn.Identity())(torch.zeros(1, 2, 4, 3, 3, 3))
    with pytest.raises(ValueError, match="kernel_size must be odd.*got 2"):
        volume_conv(1, 1, kernel_size=2)
