"""The benchmark runs, its file can be read, and what it says about errors and sizes is right."""

import pytest
import torch
from typer.testing import CliRunner

from course_lib.bench.layers import C12, LAYERS, NativeE2Conv, measure_layer
from course_lib.bench.networks import measure_networks
from course_lib.bench.report import read_benchmark, run_benchmark, run_particle_benchmark
from course_lib.cli.main import app

CASES = {case.name: case for case in LAYERS}


def test_a_row_says_what_was_measured():
    row = measure_layer(CASES["p4"], numbers=16, size_px=8, kernel_size=3, batch=1, rounds=1)
    assert (row.channels, row.fiber, row.parameters) == (4, 4, 4 * 4 * 4 * 9 + 4)
    assert row.error < 1e-5 and row.train.median > 0 and row.memory > 0.5


def test_errors_tell_the_layers_apart():
    errors = {
        name: measure_layer(CASES[name], numbers=8, size_px=6, batch=1, rounds=1).error
        for name in ("plain", "se2-12", "steerable-12", "e2cnn C12")
    }
    assert errors["plain"] > errors["se2-12"] > errors["e2cnn C12"] > errors["steerable-12"]


def test_native_e2cnn_keeps_type_and_size():
    layer = NativeE2Conv(C12, 2, kernel_size=5)
    x = torch.randn(1, 2, 12, 9, 9)
    assert layer(x).shape == x.shape


def test_arithmetic_of_p4_is_four_times_that_of_plain():
    plain, p4 = measure_networks(size_px=32, batch=1, rounds=1, names=("p4",))
    assert 3.9 < p4.arithmetic < 4.1 and plain.arithmetic == 1
    assert 0 < p4.kernels < 1


@pytest.mark.slow
def test_the_command_writes_a_file_that_can_be_read(tmp_path):
    out = tmp_path / "deep" / "bench.json"
    done = CliRunner().invoke(app, ["bench", "--quick", "--out", str(out)])
    assert done.exit_code == 0, done.output
    benchmark = read_benchmark(out)
    assert benchmark.quick and {row.layer for row in benchmark.layers} == set(CASES)
    out.write_text(out.read_text().replace('"quick": true', '"quick": false'))
    again = CliRunner().invoke(app, ["bench", "--quick", "--out", str(out)])
    assert again.exit_code == 2 and not read_benchmark(out).quick, "a full benchmark is not overwritten"


@pytest.mark.slow
def test_the_part_of_particles_has_a_file_of_its_own(tmp_path):
    pytest.importorskip("e3nn", reason="e3nn is not installed: pip install e3nn")
    out = tmp_path / "particles.json"
    done = CliRunner().invoke(app, ["bench", "--part", "particles", "--quick", "--out", str(out)])
    assert done.exit_code == 0, done.output
    benchmark = read_benchmark(out)
    assert [row.highest for row in benchmark.particles] == [1, 2] and not benchmark.layers
    assert benchmark.versions["e3nn"] and "of e3nn's time" in done.output
    wrong = CliRunner().invoke(app, ["bench", "--part", "points"])
    assert wrong.exit_code == 2 and "must be layers or particles" in wrong.output


def test_bad_devices_and_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="device must be cpu, or cuda where there is a GPU; got 'tpu'"):
        run_benchmark(quick=True, device="tpu", progress=print)
    with pytest.raises(ValueError, match="got 'tpu'"):
        run_particle_benchmark(quick=True, device="tpu", progress=print)
    with pytest.raises(ValueError, match="run the bench command first"):
        read_benchmark(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ValueError, match="is not a benchmark"):
        read_benchmark(tmp_path / "bad.json")
