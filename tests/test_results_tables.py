"""Tables of results: every number is one of the ledger's, and what is missing is said."""

import pytest

from course_lib.results import elsewhere, methods
from course_lib.results_tables import (
    comparison_table,
    cost_table,
    difference_table,
    failure_table,
    results_table,
)
from tests.results_entries import RUNS, entry


def cells(table):
    """Rows of a Markdown table below its header; all rows must have the same number of cells."""
    lines = table.splitlines()
    assert len({line.count("|") for line in lines}) == 1
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_results():
    *_, p4 = cells(results_table(methods(RUNS)))
    assert p4 == ["p4", "0.700 (0.600 to 0.800)", "0.700", "0.700", "0.800", "1.000", "0.001"]
    assert cells(results_table(methods(RUNS)))[0][2] == "0.600, 0.700"


def test_differences_are_signed_and_leave_out_the_baseline_itself():
    plain, turned, p4 = methods(RUNS)
    rows = cells(difference_table([plain, turned, p4], [plain, p4]))
    assert rows[0] == ["plain", "", "−0.050 (−0.100 to +0.000)"]
    assert rows[2] == ["p4", "+0.050 (+0.000 to +0.100)", ""]


def test_failures():
    one = entry(scores={"a": 0.2, "b": 0.9, "c": 0.9, "d": 0.9})
    row = cells(failure_table(methods([one])))[0]
    assert row[0] == "plain" and row[1].startswith("25.0 (") and row[3:] == ["0.0", "0.200"]


def test_comparison_names_what_was_not_run():
    columns = {"10 %": methods([entry("plain"), entry("p4")]), "30 %": methods([entry("p4", shift=0.1)])}
    plain, p4 = cells(comparison_table(columns))
    assert plain == ["plain", "0.600 (0.500 to 0.700)", "", "not run", ""]
    assert p4[2] == "+0.100 (+0.100 to +0.100)" and p4[3].startswith("0.800") and p4[4] == ""


def test_comparison_with_another_set():
    runs = [
        entry("plain", also={"far": {"c": 0.2, "d": 0.4}}),
        entry("p4", also={"far": {"c": 0.4, "d": 0.6}}),
    ]
    found = methods(runs)
    p4 = cells(comparison_table({"near": found, "far": elsewhere(found, "far")}))[1]
    assert p4[3].startswith("0.500") and p4[4] == "+0.200 (+0.200 to +0.200)"


def test_costs_take_the_quickest_run_and_eight_passes_for_averaged_masks():
    runs = [entry("plain", 0, seconds=60, averaged={"a": 1.0}), entry("plain", 1, seconds=30)]
    plain, averaged = cells(cost_table(methods(runs)))
    assert plain[1] == "1,234" and plain[3:] == ["1.0", "100"] and averaged[3] == "2.0"
    # 64 and 32 pixels wide, kernels of 9: down, up behind the skip connection, head.
    fine, coarse = 64 * 64 * 9, 32 * 32 * 9
    adds = fine * (3 * 4 + 4 * 4) + coarse * (4 * 8 + 8 * 8) + fine * (12 * 4 + 4 * 4) + 64 * 64 * 4
    assert plain[2] == f"{adds / 1e6:.0f}"
    assert int(averaged[2]) == pytest.approx(8 * int(plain[2]), abs=4.5)
