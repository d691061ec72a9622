"""Whatever is drawn: the solution passes, an answer for another value fails, mistakes keep their messages."""

import ast
from dataclasses import replace
from functools import partial

import pytest

from course_lib import exercises
from course_lib.checks.personal import NOTHING
from course_lib.checks.questions import variant
from course_lib.checks.verdicts import Finding
from tests.exercises.test_units import ANSWERS, CHECKS, QUESTIONS, ROOT, UNITS

pytestmark = pytest.mark.slow

DRAWN = [(unit, name) for unit, name in QUESTIONS if CHECKS[unit].QUESTIONS[name].drawn]
TIER = {0: pytest.mark.slow, 1: []}  # by the place of the value in the list of those that can be drawn
VARIANTS = [
    pytest.param(unit, name, question.value, marks=TIER.get(place, pytest.mark.exhaustive))
    for unit, name in DRAWN
    for place, question in enumerate(CHECKS[unit].QUESTIONS[name].variants)
]
each_variant = pytest.mark.parametrize(("unit", "name", "value"), VARIANTS)


def questions_at(unit, value):
    """Questions of a unit, all draws at one value."""
    return {
        name: variant(question, value) if question.drawn else question
        for name, question in CHECKS[unit].QUESTIONS.items()
    }


def test_orders_feature_types_and_kernel_sizes_are_drawn():
    drawn = {unit: CHECKS[unit].QUESTIONS[name] for unit, name in DRAWN}
    assert set(drawn) >= {"groups", "group_convolution", "p4", "se2", "steerable"}
    assert set(drawn) >= {"sre", "measuring", "medmnist", "unet", "lieconv", "points"}
    for question in drawn.values():
        values = [other.value for other in question.variants]
        assert len(set(values)) == len(values) >= 5 and question.value == values[0]
        assert question.drawn not in question.arguments
    assert drawn["groups"].drawn == "n" and {4, 8, 12} <= {other.value for other in drawn["groups"].variants}
    assert drawn["sre"].drawn == "kernel_size" and drawn["measuring"].drawn == "feature"


@each_variant
def test_right_answers_pass_and_copied_ones_are_told_so(unit, name, value):
    question = variant(CHECKS[unit].QUESTIONS[name], value)
    for answer in ANSWERS[unit].RIGHT[name]:
        verdict = question.check(partial(answer, value), seed=11)
        assert verdict.is_right, verdict
    for other in others(question):
        verdict = question.check(partial(ANSWERS[unit].RIGHT[name][0], other.value), seed=11)
        assert verdict.state == "wrong", (value, other.value)
        assert question.own in verdict.message and str(value) in question.own
        assert verdict.share == 0, "what a copy gets right earns nothing"


def others(question):
    """All other values; two in the quick test."""
    rest = [other for other in question.variants if other.value != question.value]
    return rest[:2] if question.value == question.variants[1].value else rest


@pytest.mark.slow
@each_variant
def test_known_mistakes_are_told_apart(unit, name, value, monkeypatch):
    monkeypatch.setattr("course_lib.checks.questions.partial_share", lambda *cases: 0)  # tested elsewhere
    question = variant(CHECKS[unit].QUESTIONS[name], value)
    question = replace(question, finding=lambda call, case: Finding("not looked at here"), variants=())
    for mistake in question.mistakes:
        if not mistake.is_copied:
            verdict = question.check(mistake.function, seed=3)
            assert (verdict.state, verdict.message) == ("wrong", mistake.message)
            assert question.own in verdict.message


@pytest.mark.parametrize(("unit", "name"), DRAWN)
def test_most_copies_are_recognised(unit, name):
    question = CHECKS[unit].QUESTIONS[name]
    copies = [question.check(other.reference, seed=2).message for other in question.variants[1:3]]
    told = f"another student, whose {question.drawn} is {question.variants[1].value}."
    assert any(told in text for text in copies), copies


@each_variant
def test_the_solution_that_is_made_for_a_variant_passes(unit, name, value):
    namespace, judged = {"__name__": "lecturer"}, []
    for cell in exercises.source_cells(ROOT / f"solutions/{unit}.py", questions_at(unit, value)):
        grading = cell.metadata.get("nbgrader", {})
        own = grading.get("grade_id", "").removesuffix("-check") == name
        if cell.cell_type == "code" and (own or not namespace.get("checks")):
            exec(cell.source, namespace)
            if grading.get("grade"):
                judged.append(eval(cell.source.splitlines()[0], namespace).state)
    assert judged == ["right"]


@pytest.mark.parametrize(("unit", "name"), DRAWN)
def test_the_value_stands_in_task_stub_and_check_and_nowhere_else(unit, name):
    first, other = CHECKS[unit].QUESTIONS[name].variants[:2]
    published, drawn = (
        exercises.source_cells(ROOT / f"solutions/{unit}.py", questions_at(unit, question.value))
        for question in (first, other)
    )
    changed = [new for old, new in zip(published, drawn, strict=True) if old.source != new.source]
    names = {cell.metadata["nbgrader"]["grade_id"] for cell in changed if "nbgrader" in cell.metadata}
    assert names == {name, f"{name}-check"}
    assert sum(cell.cell_type == "markdown" for cell in changed) >= 1, "the task says it"
    for cell in changed:
        if "given" in cell.metadata.get("tags", []):  # grading runs the published given cells
            kinds = (ast.FunctionDef, ast.Assign, ast.Import, ast.ImportFrom)
            assert not any(isinstance(node, kinds) for node in ast.parse(cell.source).body)


@pytest.mark.parametrize("unit", UNITS)
def test_no_placeholder_is_left(unit):
    questions = {
        name: question.variants[-1] if question.drawn else question
        for name, question in CHECKS[unit].QUESTIONS.items()
    }
    text = exercises.build(ROOT / f"solutions/{unit}.py", [], "https://example.org", questions=questions)
    assert "{{" not in text and "BEGIN" not in text and "HIDDEN" not in text


def test_an_own_answer_with_a_slip_keeps_its_part_and_a_copy_does_not():
    question = variant(CHECKS["p4"].QUESTIONS["sizes"], 3)
    assert question.check(lambda size, layers: question.reference(size, layers) and size != 10).share == 0.75
    copy = variant(question, 2).reference
    assert question.check(copy).share == 0
    assert question.check(lambda size, layers: copy(size, layers) and size != 12).share == 0


def test_what_fits_no_arguments_is_no_answer():
    question = CHECKS["se2"].QUESTIONS["pool"]
    assert variant(question, 12).check(lambda x: NOTHING).state == "wrong"
