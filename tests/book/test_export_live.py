"""Export of the networks for the page: smaller files, the same answers, made only when something changed."""

import export_live
import live_networks
import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from course_lib.export import onnx_function


@pytest.fixture
def model():
    """A product with a matrix of 400 numbers plus 20, all of which half precision holds exactly."""
    matrix = np.arange(400, dtype=np.float32).reshape(20, 20) / 64
    constants = [numpy_helper.from_array(matrix, "m"), numpy_helper.from_array(matrix[0], "b")]
    nodes = [
        helper.make_node("MatMul", ["image", "m"], ["p"], doc_string="from a file"),
        helper.make_node("Add", ["p", "b"], ["logits"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 20]) for name in ("image", "logits")]
    graph = helper.make_graph(nodes, "small", ends[:1], ends[1:], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(made, {"written": "in some folder"})
    return made


def test_halved_files_are_smaller_and_compute_the_same(model):
    before, x = model.SerializeToString(), torch.rand(1, 20)
    after = live_networks.halved(model).SerializeToString()
    assert len(after) < 0.7 * len(before)
    assert torch.equal(onnx_function(after)(x), onnx_function(before)(x))
    kinds = {array.data_type for array in onnx.load_from_string(after).graph.initializer}
    assert kinds == {TensorProto.FLOAT16, TensorProto.FLOAT}
    assert b"some folder" not in after and b"from a file" not in after


def test_files_are_made_once(tmp_path, monkeypatch):
    runs = []
    monkeypatch.setattr(export_live, "BUILD", tmp_path)
    monkeypatch.setattr(live_networks, "export", lambda: runs.append(1))
    assert export_live.main() == 0 and export_live.main() == 0
    assert runs == [1]
    (tmp_path / ".stamp-live").write_text("another state")
    assert export_live.main() == 0 and runs == [1, 1]


def test_a_failed_export_is_tried_again(tmp_path, monkeypatch):
    def fail():
        raise ValueError("the exported file differs")

    (tmp_path / ".stamp-live").write_text("another state")
    monkeypatch.setattr(export_live, "BUILD", tmp_path)
    monkeypatch.setattr(live_networks, "export", fail)
    with pytest.raises(ValueError, match="differs"):
        export_live.main()
    assert not (tmp_path / ".stamp-live").exists()


def test_every_file_that_is_read_exists():
    for pattern in export_live.READS:
        assert list(export_live.ROOT.glob(pattern)), pattern
