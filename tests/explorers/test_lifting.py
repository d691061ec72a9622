import pytest
import torch

from course_lib.explorers.lifting import C4, KERNELS, letter, lift_turned


@pytest.mark.parametrize("kernel", KERNELS)
def test_quarter_turns_are_exact_and_half_way_is_worst(kernel):
    errors = {angle: lift_turned(angle, kernel).error for angle in range(0, 91, 15)}
    assert errors[0] == errors[90] == 0
    assert max(errors, key=errors.__getitem__) == 45


def test_maps_change_places_as_the_group_says():
    upright, turned = lift_turned(0), lift_turned(90)
    assert turned.turns == 1
    for h in C4.elements:
        assert torch.equal(turned.maps[C4.product(1, h)], upright.maps[h].rot90(1, (-2, -1)))


def test_spot_is_the_same_from_all_sides():
    maps = lift_turned(20, "spot").maps
    assert all(torch.equal(maps[0], other) for other in maps)
    assert lift_turned(45, "spot").error < 0.2 * lift_turned(45, "edge").error


def test_entry_zero_answers_to_bright_above():
    response = lift_turned(0).maps[0]  # the kernel is 1 2 1 above, -1 -2 -1 below
    assert response[17, 6] == 4 and response[2, 6] == -4 and letter()[16, 6] == 1


def test_nearest_quarter_turn_and_unknown_kernel():
    assert [lift_turned(angle).turns for angle in (44, 45, 359, 400)] == [0, 1, 0, 0]
    with pytest.raises(ValueError, match="kernel must be one of edge, corner, spot, got 'dot'"):
        lift_turned.__wrapped__(0, "dot")
