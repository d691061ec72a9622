"""Checks turn whatever a student's function does into one of three states and a sentence."""

import time

import pytest
import torch

from course_lib.checks import p4
from course_lib.checks.calling import AnswerError, NotAttemptedError, limited
from course_lib.checks.verdicts import Finding, Verdict, to_html


@pytest.mark.parametrize("words", [("exercise: lifting",), ()], ids=["ours", "of nbgrader"])
def test_an_unfilled_stub_is_not_attempted(words):
    def stub(weight):
        raise NotImplementedError(*words)

    verdict = p4.lifting(stub)
    assert verdict.state == "not attempted"
    assert "lifting_kernels" in verdict.message


def test_a_not_implemented_error_of_another_origin_is_an_error():
    def unfinished(weight):
        raise NotImplementedError("later")

    assert p4.lifting(unfinished).state == "wrong"


def test_an_exception_becomes_a_sentence_with_the_line():
    def broken(weight):
        return weight.rotate_by_magic()

    verdict = p4.lifting(broken)
    assert verdict.state == "wrong"
    assert "AttributeError" in verdict.message
    assert "return weight.rotate_by_magic()" in verdict.message


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, RecursionError, MemoryError])
def test_exceptions_that_end_programs_do_not_end_the_check(error):
    def leave(weight):
        raise error

    assert error.__name__ in p4.lifting(leave).message


def test_an_endless_loop_is_stopped_even_if_it_catches_exceptions():
    steps = 0

    def loop():
        nonlocal steps
        while True:
            try:
                steps += 1
            except Exception:
                continue

    start = time.monotonic()
    with pytest.raises(AnswerError, match="endless loop"):
        limited(loop, seconds=0.2)()
    assert time.monotonic() - start < 2
    time.sleep(0.1)
    before = steps
    time.sleep(0.1)
    assert steps == before, "the thread has ended"


def test_an_answer_that_waits_is_not_taken_for_an_endless_loop_at_once():
    assert limited(lambda: time.sleep(0.4) or 7, seconds=0.1)() == 7
    start = time.monotonic()
    with pytest.raises(AnswerError, match="did not finish"):
        limited(lambda: [time.sleep(0.01) for _ in range(1000)], seconds=0.1)()
    assert time.monotonic() - start < 5


def test_what_is_no_function_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match="without brackets"):
        limited(torch.zeros(3))
    assert "without brackets" in p4.lifting(torch.zeros(3)).message


def test_values_and_stubs_pass_through_the_limit():
    assert limited(lambda a, b: a + b)(1, 2) == 3
    with pytest.raises(NotAttemptedError):
        limited(lambda: (_ for _ in ()).throw(NotImplementedError("exercise: x")))()


def test_an_answer_that_writes_into_its_arguments_does_no_harm_to_the_case():
    def careless(weight):
        bank = torch.stack([weight.rot90(r, (-2, -1)) for r in range(4)], dim=1)
        weight.zero_()
        return bank

    assert p4.lifting(careless).is_right


def test_the_smallest_failing_input_is_the_first_that_fails():
    def only_one_channel(weight):
        bank = torch.stack([weight.rot90(r, (-2, -1)) for r in range(4)], dim=1)
        return bank if weight.shape[0] == 1 else bank.flip(0)

    verdict = p4.lifting(only_one_channel)
    assert "(2, 1, 3, 3)" in verdict.case


def test_an_element_is_named_at_which_the_layer_fails():
    def half_turns_only(weight):
        return torch.stack([weight.rot90(2 * (r // 2), (-2, -1)) for r in range(4)], dim=1)

    verdict = p4.lifting(half_turns_only)
    assert verdict.finding is not None and verdict.finding.element.startswith("g = 1 (90 degrees")


def test_seeds_draw_other_cases_and_repeat_themselves():
    question = p4.QUESTIONS["lifting"]

    def last(seed):
        return [*question.cases(torch.Generator().manual_seed(seed))][-1][0]

    assert torch.equal(last(4), last(4))
    assert last(4).shape != last(5).shape or not torch.equal(last(4), last(5))


def test_a_verdict_shows_the_slice_that_differs_in_text_and_in_html():
    expected = torch.zeros(1, 2, 2, 2, dtype=torch.float64)
    given = expected.clone()
    given[0, 1, 0, 1] = -0.25
    verdict = Verdict("q", "wrong", "no", Finding("p"), "case", expected, given, ("c", "order", "y", "x"))
    text = repr(verdict)
    assert "At c 0, order 1:" in text and "-0.25" in text and "expected" in text
    assert "order 1" in verdict._repr_html_() and "-0.25" in verdict._repr_html_()


def test_html_escapes_what_a_student_wrote():
    def evil(weight):
        raise ValueError("<script>alert(1)</script>")

    html = p4.lifting(evil)._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_pictures_survive_numbers_that_are_none(bad):
    verdict = Verdict("q", "wrong", "no", None, "", torch.zeros(2, 2), torch.full((2, 2), bad))
    assert "nan" in repr(verdict) + to_html(verdict) or "inf" in to_html(verdict)


def test_require_raises_unless_right():
    with pytest.raises(AssertionError, match="clockwise"):
        p4.lifting(lambda w: torch.stack([w.rot90(-r, (-2, -1)) for r in range(4)], dim=1)).require()
    p4.lifting(lambda w: torch.stack([w.rot90(r, (-2, -1)) for r in range(4)], dim=1)).require()
