"""The unit on points in space: its references by hand, where they rest on the library alone."""

import math

import torch

from course_lib.checks import points

REFERENCE = {name: question.reference for name, question in points.QUESTIONS.items()}


def double(numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def test_messages_by_hand():
    row = double([[0.0, 0, 0], [3, 0, 0], [6, 0, 0], [0, 0, 0]])
    received = REFERENCE["messages"](row, double([1.0, 10, 100, 1000]), 4.0)
    expected = double([[2.5, 0, 0], [25 - 0.25 - 250, 0, 0], [-2.5, 0, 0], [2.5, 0, 0]])
    torch.testing.assert_close(received, expected)  # towards the sender, with its scalar, a quarter of it


def test_parts_by_hand():
    (parts,) = REFERENCE["parts"](double([[1.0, 0, 0]]), double([[3.0, 2, 0]]))
    expected = double(
        [
            [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
            [[0, 1, 0], [-1, 0, 0], [0, 0, 0]],
            [[2, 1, 0], [1, -1, 0], [0, 0, -1]],
        ]
    )
    torch.testing.assert_close(parts, expected)


def test_profiles_by_hand():
    count = REFERENCE["profiles"]  # for degree 2
    assert [count(m, 9) for m in range(5)] == [1, 2, 3, 3, 3]
    assert [count(2, highest) for highest in range(6)] == [1, 1, 2, 2, 3, 3]
    assert count(5, 2) == 0 and count(5, 3) == 1


def test_what_is_measured_is_what_is_counted():
    products = points.measured_products
    assert [products(1, k, 1, mirrors=False) for k in range(3)] == [1, 1, 1]
    assert [products(1, k, 1, mirrors=True) for k in range(3)] == [1, 0, 1]
    count = REFERENCE["profiles"]
    for m in range(3):
        assert sum(products(2, k, m, mirrors=True) for k in range(3)) == count(m, 2)


def test_the_layer_by_hand():
    x = double([[[0.0, 3, 4, 0]], [[1, 0, 0, 0]]])  # lengths 5 and 0: root mean square 5 / root of 2
    scalar_mix, vector_mix = double([[-1.0], [3.0]]), double([[2.0], [4.0]])
    found = REFERENCE["layer"](x, scalar_mix, vector_mix, double([0.0, -2.0]))
    half, less = 2**0.5 / 2, 2**0.5 / (1 + math.exp(2))  # gates at the scalars 0 and -2
    here = [[0, 0.6 * half, 0.8 * half, 0], [0, 0.6 * less, 0.8 * less, 0]]
    torch.testing.assert_close(found, double([here, [[0, 0, 0, 0], [1, 0, 0, 0]]]))


def test_the_broken_layer_passes_with_the_rotation_of_its_author_alone():
    def broken(x, scalar_mix, vector_mix, bias):
        vectors = torch.einsum("oi,pid->pod", vector_mix, x[..., 1:]) + bias[:, None]
        vectors = vectors / vectors.square().mean(dim=0).sqrt()
        return torch.cat([(x[..., 0] @ scalar_mix.T + bias)[..., None], vectors], dim=-1).relu()

    assert points.measured_gap(broken, 120, (1, 1, 1)) < 1e-12
    assert all(points.measured_gap(broken, angle, (0, 0, 1)) > 0.1 for angle in (180, 90, 45))
    assert points.measured_gap(REFERENCE["layer"], 45, (0, 0, 1)) < 1e-12


def test_attention_by_hand():
    places = double([[0.0, 0], [0, 2]])  # the second one lies above the first
    queries, keys, values = (torch.zeros(2, 4, 4, dtype=torch.float64) for _ in range(3))
    queries[0, 1, 0], keys[1, 2, 0], values[1, 2] = 2, 3, 1  # scores 2 * 3 / root of 4
    seen = REFERENCE["attention"](places, queries, keys, values)[0, 1]
    # to an eye that looks up, what is above lies in front; what looks left is turned by 90 degrees from it
    quarters = double([0, 1, 2, 3]) * math.pi / 2
    here, front = (points.encoding(double(right), double(0.0), quarters) for right in (0.0, 2.0))
    front[1] += 3
    expected = front[1].exp() / (here.exp().sum() + front.exp().sum())
    torch.testing.assert_close(seen, expected.expand(4))


def test_prices_by_hand():
    six = torch.tensor([[0, 1], [1, 1]])
    images = torch.stack([six, six.rot90(2), six.rot90(2), six, six.rot90(1), 1 - six])
    assert REFERENCE["price"](images, ("6", "9", "9", "9", "6", "dot")) == (5, 4)
    assert REFERENCE["price"](torch.tensor([[[1, 2], [4, 3]], [[1, 4], [2, 3]]]), ("a", "b")) == (2, 2)
