"""The picture of a wrong answer shows the place where it is wrong, whatever kind of answer it is."""

import pytest
import torch

from course_lib.checks import p4
from course_lib.checks.pictures import panels, plain
from course_lib.checks.verdicts import Verdict


def wrong(expected, given, axes=()):
    return Verdict("q", "wrong", "no", expected=expected, given=given, labels=axes)


def test_a_large_picture_is_cut_around_the_largest_difference():
    expected, given = torch.zeros(2, 9, 9), torch.zeros(2, 9, 9)
    given[1, 8, 7] = 5
    place, tables = panels(expected, given, ("c", "y", "x"))
    assert place == "c 1, rows 3 to 8 of 0 to 8, columns 3 to 8 of 0 to 8"
    assert [panel.label for panel in tables] == ["expected", "yours", "difference"]
    assert tables[2].table[5][4] == 5 and len(tables[2].table) == len(tables[2].table[0]) == 6


def test_the_window_ends_where_the_picture_ends():
    expected, given = torch.zeros(9, 3), torch.zeros(9, 3)
    given[0, 2] = -1
    place, tables = panels(expected, given)
    assert place == "rows 0 to 5 of 0 to 8" and tables[2].table[0] == [0, 0, -1]


def test_a_vector_is_one_row():
    expected = torch.tensor([1.0, 2.0, 3.0])
    place, tables = panels(expected, expected.flip(0), ("entry",))
    assert place == "" and tables[1].table == [[3, 2, 1]]
    assert "tensor of shape" not in repr(wrong(expected, expected.flip(0)))


def test_of_several_tensors_the_first_that_differs_is_shown():
    same, other = torch.ones(2, 2), torch.zeros(2, 2)
    place, tables = panels((same, other), (same, same))
    assert place == "value 2 of the answer" and tables[2].table == [[1, 1], [1, 1]]
    assert panels((same, 1.0), (same, 2.0)) == ("", [])


def test_masks_and_counts_are_shown_as_numbers():
    for kind in (torch.bool, torch.int64):
        _, tables = panels(torch.tensor([[1, 0]], dtype=kind), torch.tensor([[1, 1]], dtype=kind))
        assert tables[2].table == [[0, 1]]


def test_a_small_difference_has_a_scale_of_its_own():
    expected = torch.full((1, 2), 100.0)
    html = wrong(expected, expected + torch.tensor([[0.0, 0.01]]))._repr_html_()
    assert html.count("rgba(230,97,1,0.50)") >= 6, "two numbers, the same in yours, and the difference"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.2099868762303406, "0.209987"),
        ((True, 0.5), "(True, 0.5)"),
        ((1,), "(1,)"),
        ([0.1 + 0.2], "[0.3]"),
        ("exact", "'exact'"),
        (torch.zeros(()), "tensor of shape ()"),
    ],
)
def test_plain_values_read_well(value, text):
    assert plain(value) == text


def test_a_small_input_is_written_out_so_that_it_can_be_tried():
    verdict = p4.norm(lambda x, mean, variance: x)
    assert verdict.case.startswith("x = ") and "in the shape (1, 1, 4, 1, 1)" in verdict.case
    numbers = [float(n) for n in verdict.case.removeprefix("x = ").split(" in the shape")[0].split(", ")]
    assert len(numbers) == 4
