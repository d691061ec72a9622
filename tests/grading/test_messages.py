"""Messages between grader and answers: what they carry, and that malformed ones do no harm."""

import numpy as np
import pytest
import torch

from course_lib.grading.messages import DEEPEST, LARGEST, decode, encode


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -0.5, "text", [1, [2, "x"]], (1, ("a", "b")), {"call": (3,)}, float("inf")],
)
def test_plain_values(value):
    assert decode(encode(value)) == value


def test_numbers_of_numpy_are_numbers():
    assert decode(encode([np.int64(3), np.float64(0.5), np.bool_(True)])) == [3, 0.5, True]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.int64, torch.bool])
def test_tensors(dtype):
    tensors = [
        torch.arange(6).reshape(1, 2, 3).to(dtype),
        torch.zeros(0, 2, dtype=dtype),
        torch.tensor(1).to(dtype),
    ]
    for sent, received in zip(tensors, decode(encode(tensors)), strict=True):
        assert received.dtype == dtype and torch.equal(sent, received)


def test_what_cannot_be_carried_is_replaced_by_the_name_of_its_type():
    assert type(decode(encode({"value": object()}))["value"]).__name__ == "object"


def test_halves_of_characters_are_replaced():
    assert decode(encode("a\ud800b")) == "a?b"


def test_lists_within_lists_have_an_end():
    nested = value = []
    for _ in range(DEEPEST + 2):
        value.append([])
        value = value[0]
    with pytest.raises(ValueError, match="malformed"):
        decode(encode(nested))


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"no json\n",
        b"\xff\n",
        b'{"tensor": [9], "dtype": "torch.float64", "bytes": 72}\n',
        b'{"tensor": [4], "dtype": "torch.uint8", "bytes": 3}\nabc',
        b'{"tensor": [1], "dtype": "object", "bytes": 1}\na',
        b'{"import": "os"}\n',
        b"{}\n",
        b"[1, 2]\n",
        b"[" * 100_000 + b"\n",
        b"9" * 5000 + b"\n",
    ],
)
def test_malformed_messages_are_refused(message):
    assert len(message) < LARGEST
    with pytest.raises(ValueError):
        decode(message)
