"""Verdicts on the claims: each kind of judge says yes, no and that it cannot tell."""

import pytest

from course_lib import verdicts
from course_lib.results import methods
from course_lib.results_claims import (
    CLAIMS,
    Claim,
    beats_augmentation,
    claims_table,
    exact_at_quarter_turns,
    fewer_parameters,
    gain,
    inexact_at,
    overall,
    repeats_every_quarter,
)
from course_lib.verdicts import Verdict
from tests.results_entries import entry

YES, OPEN, NO, NOTHING = Verdict.CONFIRMED, Verdict.NOT_CONFIRMED, Verdict.REFUTED, Verdict.NOT_TESTABLE


@pytest.fixture(autouse=True)
def two_images_are_enough(monkeypatch):
    """Here the sign is judged; how many runs and groups are needed has its own test."""
    monkeypatch.setattr(verdicts, "FEWEST_RUNS", 1)
    monkeypatch.setattr(verdicts, "FEWEST_GROUPS", 1)


def judged(judge, *runs):
    return judge(methods(runs)).verdict


def test_a_gain_is_judged_by_its_interval():
    claim = gain("p4", "plain")
    mixed = entry("p4", scores={"a": 0.4, "b": 0.9})
    assert judged(claim, entry("plain"), entry("p4")) == YES
    assert judged(claim, entry("plain"), mixed) == OPEN
    assert judged(claim, entry("plain", shift=0.2), entry("p4")) == NO
    assert judged(claim, entry("p4")) == NOTHING
    assert claim(methods([entry("plain"), entry("p4")])).measured == "+0.100 (+0.100 to +0.100)"


def test_a_margin_forgives_a_small_loss():
    runs = [entry("plain", shift=0.11), entry("p4")]
    assert judged(gain("p4", "plain"), *runs) == NO
    assert judged(gain("p4", "plain", margin=0.02), *runs) == YES
    assert gain("p4", "plain", margin=0.02)(methods(runs)).measured == "−0.010 (−0.010 to −0.010)"


def test_fewer_missed_images_are_a_larger_share_of_the_other():
    claim = gain("p4", "plain", "missed")
    assert judged(claim, entry("plain"), entry("p4", scores={"a": 0.3, "b": 0.4})) == YES
    assert judged(claim, entry("plain", shift=-0.3), entry("p4")) == NO


def test_exactness_needs_every_run():
    exact, off = [1, 0.5] * 4, [1, 0.5, 0.99, 0.5, 1, 0.5, 1, 0.5]
    claim = exact_at_quarter_turns("p4")
    assert judged(claim, entry("p4", agreement=exact), entry("p4", 1, agreement=exact)) == YES
    assert judged(claim, entry("p4", agreement=exact), entry("p4", 1, agreement=off)) == NO
    assert judged(claim, entry("plain")) == NOTHING


def test_loss_between_is_compared_with_interpolation_alone():
    claim = inexact_at("p4", 45)
    assert judged(claim, entry("p4", agreement=[1, 0.8] * 4)) == YES
    assert judged(claim, entry("p4", agreement=[1, 0.95] * 4)) == NO
    assert judged(claim, entry("p4", agreement=[1, 0.8] * 4), entry("p4", 1, agreement=[1, 0.95] * 4)) == OPEN
    assert judged(claim) == NOTHING


def test_period():
    claim = repeats_every_quarter("p4")
    assert judged(claim, entry("p4", agreement=[1, 0.8] * 4)) == YES
    assert judged(claim, entry("p4", agreement=[1, 0.8, 1, 0.7] * 2)) == NO
    assert judged(claim) == NOTHING


def test_agreement_of_empty_masks_says_nothing():
    def silent(run):
        agreement = run.segmentation.agreement.model_copy(update={"empty": [0.5] * 8})
        scores = run.segmentation.model_copy(update={"agreement": agreement})
        return run.model_copy(update={"scores": scores})

    p4, plain = entry("p4", agreement=[1, 0.8] * 4), entry("plain")
    same = gain("p4", "plain", "agreement")
    for claim in (exact_at_quarter_turns("p4"), repeats_every_quarter("p4"), same):
        assert judged(claim, p4, plain) == YES
        assert judged(claim, silent(p4), plain) == NOTHING


def test_parameters():
    claim = fewer_parameters("steerable-12", "se2-12")
    assert judged(claim, entry("steerable-12", parameters=5), entry("se2-12", parameters=6)) == YES
    assert judged(claim, entry("steerable-12", parameters=7), entry("se2-12", parameters=6)) == NO
    matched = entry("steerable-12", parameters=97), entry("se2-12", parameters=100)
    assert judged(claim, *matched) == NOTHING
    assert judged(claim, entry("se2-12")) == NOTHING


def test_augmentation_is_the_one_that_validation_chose():
    weak = entry("plain", augmentation="quarter-turns", validation=0.4)
    strong = entry("plain", shift=0.2, augmentation="rotations", validation=0.6)
    assert judged(beats_augmentation("p4"), entry("p4"), weak) == YES
    found = methods([entry("p4"), weak, strong])
    assert beats_augmentation("p4")(found).verdict == NO
    assert beats_augmentation("p4")(found).measured.endswith("against plain + rotations")
    assert judged(beats_augmentation("p4"), entry("p4"), entry("plain")) == NOTHING


@pytest.mark.parametrize(
    ("parts", "expected"),
    [([YES, YES], YES), ([YES, OPEN], OPEN), ([OPEN, NOTHING], NOTHING), ([NOTHING, NO, YES], NO)],
)
def test_a_claim_of_several_parts(parts, expected):
    def says(part):
        return lambda found: type(gain("p4", "plain")([]))(part)

    claims = [Claim("1", "text", says(part)) for part in parts]
    assert overall({"set": []}, claims) == {"1": expected}


def test_every_claim_of_the_talk_stands_in_the_table_even_without_runs():
    table = claims_table({"Kvasir-SEG": methods([entry("plain"), entry("p4")]), "CVC-ClinicDB": []})
    lines = table.splitlines()
    assert len(lines) == len(CLAIMS) + 2 and {claim.number for claim in CLAIMS} >= set("12345")
    assert "| **confirmed** +0.100 (+0.100 to +0.100) | **not testable here** |" in lines[2]
