"""The repairs of e2cnn: every space, field and kernel size builds; nothing outside e2cnn is touched."""

import importlib
import sys
from itertools import product

import numpy as np
import pytest
import torch

from course_lib.layers.e2_compat import load_e2cnn

e2cnn = load_e2cnn()
gspaces, enn = e2cnn.gspaces, e2cnn.nn
SPACES = {
    "none": lambda: gspaces.TrivialOnR2(),
    "flips": lambda: gspaces.Flip2dOnR2(),
    "C_4": lambda: gspaces.Rot2dOnR2(4),
    "C_8": lambda: gspaces.Rot2dOnR2(8),
    "C_12": lambda: gspaces.Rot2dOnR2(12),
    "D_4": lambda: gspaces.FlipRot2dOnR2(4),
    "SO(2)": lambda: gspaces.Rot2dOnR2(-1, maximum_frequency=3),
    "O(2)": lambda: gspaces.FlipRot2dOnR2(-1, maximum_frequency=3),
}


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_convolutions_of_e2cnn_run_forward_backward_and_export(name, kernel_size):
    space = SPACES[name]()
    irreps = enn.FieldType(space, list(space.irreps.values()))
    types = [irreps, enn.FieldType(space, [space.trivial_repr] * 2)]
    if name not in ("SO(2)", "O(2)"):
        types.append(enn.FieldType(space, [space.regular_repr]))
    for type_in, type_out in product(types, types):
        conv = enn.R2Conv(type_in, type_out, kernel_size, padding=kernel_size // 2)
        x = torch.randn(2, type_in.size, 7, 7)
        out = conv(enn.GeometricTensor(x, type_in)).tensor
        out.sum().backward()
        assert conv.weights.grad.norm() > 0
        torch.testing.assert_close(conv.export()(x), out)


def test_induced_representations_of_o2_build():
    space = SPACES["O(2)"]()
    so2, _, _ = space.fibergroup.subgroup((None, -1))
    induced = space.induced_repr((None, -1), so2.irrep(1))
    for g, h in product([(0, 0.3), (1, 1.1)], repeat=2):
        np.testing.assert_allclose(
            induced(g) @ induced(h), induced(space.fibergroup.combine(g, h)), atol=1e-12
        )


def test_a_second_call_changes_nothing_and_numpy_and_torch_stay_as_they_are():
    utils = importlib.import_module("e2cnn.kernels.utils")
    array, uint8, byte = np.array, np.uint8, torch.uint8
    assert load_e2cnn() is e2cnn
    assert utils.np.module is np and utils.np.cos is np.cos
    assert (np.array, np.uint8, torch.uint8) == (array, uint8, byte)
    assert not hasattr(np, "float")
    assert utils.psi(0.3, k=2).shape == (2, 2, 1, 1)


def test_bases_that_are_equal_have_equal_hashes():
    solution = importlib.import_module("e2cnn.kernels.irreps_basis").R2ContinuousRotationsSolution
    group = SPACES["SO(2)"]().fibergroup
    first, same, other = (solution(group, "irrep_1", f"irrep_{m}") for m in (1, 1, 2))
    assert first == same and hash(first) == hash(same)
    assert first != other and hash(first) != hash(other)


def test_missing_package_names_the_remedy(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "e2cnn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "e2cnn", None)
    with pytest.raises(ImportError, match=r'pip install "equivariance-course\[e2cnn\]"'):
        load_e2cnn()


def test_the_course_starts_without_e2cnn(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] in ("e2cnn", "course_lib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "e2cnn", None)
    importlib.import_module("course_lib.layers.e2")
