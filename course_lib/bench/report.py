"""The whole benchmark: what is measured, and the file that the book's performance page reads."""

import json
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from course_lib.atomic import write_atomically
from course_lib.bench.layers import ISOTROPIC, LAYERS, WIDE, LayerRow, measure_layer
from course_lib.bench.networks import NetworkRow, measure_networks
from course_lib.bench.particles import ParticleRow, measure_particles
from course_lib.config import one_line
from course_lib.environment import device_name, versions


class Benchmark(BaseModel):
    """All rows of one benchmark, and the machine they come from; what was not measured has none."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    device: str
    threads: int = Field(gt=0)
    quick: bool = Field(description="few rounds and sizes: a check that it runs, not a result")
    versions: dict[str, str]
    layers: list[LayerRow]
    networks: list[NetworkRow]
    particles: list[ParticleRow] = []


def run_benchmark(*, quick: bool, device: str, progress: Callable[[str], None]) -> Benchmark:
    """Measure layers, then networks.

    Args:
        quick: Few rounds and small sizes.
        device: ``cpu`` or ``cuda``.
        progress: Told what was measured.

    Raises:
        ValueError: If there is no such device.
    """
    check_device(device)
    rows = []
    for row in _layer_rows(quick, device):
        progress(
            f"{row.layer}, {row.size_px} px, k = {row.kernel_size}, {row.precision}: {row.train.median:.2f}"
        )
        rows.append(row)
    if quick:
        networks = measure_networks(size_px=32, batch=2, rounds=1, device=device, names=("p4",))
    else:
        networks = measure_networks(size_px=64, batch=16, rounds=7, device=device)
    for row in networks:
        progress(
            f"U-Net {row.family}: {row.train.median:.2f} of plain, {row.arithmetic:.2f} of its arithmetic"
        )
    return Benchmark(
        device=device_name("auto" if device == "cuda" else "cpu"),
        threads=torch.get_num_threads(),
        quick=quick,
        versions=versions(),
        layers=rows,
        networks=networks,
    )


def run_particle_benchmark(*, quick: bool, device: str, progress: Callable[[str], None]) -> Benchmark:
    """Measure steerable networks of moving charges against the same networks built with e3nn.

    Args:
        quick: Few rounds and small batches.
        device: ``cpu`` or ``cuda``.
        progress: Told what was measured.

    Raises:
        ImportError: If e3nn is not installed.
        ValueError: If there is no such device.
    """
    check_device(device)
    rows = []
    for sets, rounds in ((4, 1),) if quick else ((100, 40), (500, 10)):
        for highest in (1, 2):
            row = measure_particles(highest, sets=sets, rounds=rounds, device=device)
            progress(
                f"degree {highest}, {row.edges} edges: {row.train.median:.2f} of e3nn's time, "
                f"{row.memory:.2f} of its memory"
            )
            rows.append(row)
    return Benchmark(
        device=device_name("auto" if device == "cuda" else "cpu"),
        threads=torch.get_num_threads(),
        quick=quick,
        versions={**versions(), "e3nn": metadata.version("e3nn")},
        layers=[],
        networks=[],
        particles=rows,
    )


def check_device(device: str) -> None:
    """Refuse what is no device of this machine.

    Raises:
        ValueError: If there is no such device.
    """
    if device not in ("cpu", "cuda") or (device == "cuda" and not torch.cuda.is_available()):
        raise ValueError(f"device must be cpu, or cuda where there is a GPU; got {device!r}")


def _layer_rows(quick: bool, device: str) -> Iterator[LayerRow]:
    if quick:
        for case in LAYERS:
            yield measure_layer(case, size_px=14, batch=2, rounds=3, device=device)
        return
    for size_px, rounds in ((64, 15), (14, 60)):
        for case in LAYERS:
            yield measure_layer(case, size_px=size_px, rounds=rounds, device=device)
    for case in LAYERS:
        yield measure_layer(case, size_px=64, rounds=7, device=device, bf16=True)
    for numbers in (128, 256):
        for case in WIDE:
            yield measure_layer(case, numbers=numbers, size_px=32, rounds=9, device=device)
    for size_px, rounds in ((28, 9), (128, 3)):
        for kernel_size in (5, 9):
            for case in ISOTROPIC:
                yield measure_layer(
                    case, size_px=size_px, kernel_size=kernel_size, batch=16, rounds=rounds, device=device
                )


def write_benchmark(path: Path, benchmark: Benchmark) -> None:
    """Write all rows in one step."""
    text = json.dumps(benchmark.model_dump(mode="json"), indent=1)
    write_atomically(path, (text + "\n").encode())


def read_benchmark(path: Path) -> Benchmark:
    """The benchmark in a file.

    Raises:
        ValueError: If the file is missing or is no benchmark.
    """
    try:
        return Benchmark.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise ValueError(
            f"{path} is not a benchmark: {one_line(error)}; run the bench command again"
        ) from error
    except OSError as error:
        raise ValueError(f"{path} must be a readable file: {error}; run the bench command first") from error
