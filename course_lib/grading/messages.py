"""Messages between grader and answers: plain values and tensors as bytes, and no code.

Pickles would let an answer run code in the grader. These messages can only be decoded
to numbers, text, lists and tensors.
"""

import json
import re
from typing import Any

import torch
from torch import Tensor

DTYPES = {
    str(dtype): dtype
    for dtype in (
        torch.float64,
        torch.float32,
        torch.float16,
        torch.int64,
        torch.int32,
        torch.uint8,
        torch.bool,
    )
}
LARGEST = 16 * 2**20  # bytes of one message
DEEPEST = 20  # lists within lists


def encode(value: Any) -> bytes:
    """Bytes of a message: a line of JSON, then the numbers of its tensors.

    Values of other types are replaced by their type's name.
    """
    blocks: list[bytes] = []
    line = json.dumps(_pack(value, blocks))
    return line.encode() + b"\n" + b"".join(blocks)


def _pack(value: Any, blocks: list[bytes]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0:
        return _pack(value.item(), blocks)
    if isinstance(value, list):
        return {"list": [_pack(part, blocks) for part in value]}
    if isinstance(value, tuple):
        return {"tuple": [_pack(part, blocks) for part in value]}
    if isinstance(value, dict):
        return {"dict": {str(key): _pack(part, blocks) for key, part in value.items()}}
    if isinstance(value, Tensor) and value.layout == torch.strided and str(value.dtype) in DTYPES:
        block = bytes(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        blocks.append(block)
        return {"tensor": list(value.shape), "dtype": str(value.dtype), "bytes": len(block)}
    return {"other": type(value).__name__}


def decode(message: bytes) -> Any:
    """The value in a message.

    Raises:
        ValueError: If the message is not well formed; it may come from anybody.
    """
    line, _, rest = message.partition(b"\n")
    try:
        value, _ = _unpack(json.loads(line), rest, DEEPEST)
    except Exception as error:  # whatever is wrong with it
        raise ValueError(f"malformed message: {type(error).__name__}") from error
    return value


def _unpack(packed: Any, rest: bytes, depth: int) -> tuple[Any, bytes]:
    if isinstance(packed, str):
        return packed.encode("utf8", "replace").decode("utf8"), rest  # halves of characters
    if isinstance(packed, list) or depth < 0:
        raise ValueError(f"malformed message: a bare list, or more than {DEEPEST} within each other")
    if not isinstance(packed, dict):
        return packed, rest
    (kind, content), *more = packed.items()
    if kind in ("list", "tuple"):
        parts = []
        for part in content:
            value, rest = _unpack(part, rest, depth - 1)
            parts.append(value)
        return (tuple(parts) if kind == "tuple" else parts), rest
    if kind == "dict":
        entries = {}
        for key, part in content.items():
            entries[key], rest = _unpack(part, rest, depth - 1)
        return entries, rest
    if kind == "tensor":
        dtype, size = DTYPES[packed["dtype"]], packed["bytes"]
        if not 0 <= size <= len(rest):
            raise ValueError(f"malformed message: {size} bytes announced, {len(rest)} sent")
        flat = torch.frombuffer(bytearray(rest[:size]), dtype=dtype) if size else torch.empty(0, dtype=dtype)
        return flat.reshape(content), rest[size:]
    if kind == "other" and not more:
        name = re.sub(r"\W", "_", str(content))[:60]
        return type(name, (), {})(), rest  # a stand-in of which only the name of its type is known
    raise ValueError(f"malformed message: unknown part {str(kind)[:60]!r}")
