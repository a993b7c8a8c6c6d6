"""The verdict on made-up landscapes, in both directions."""

from dataclasses import replace

import numpy as np
import pytest

from lrdecay_core.claims import likeness
from lrdecay_core.claims import mirror as evidence
from lrdecay_core.experiments.landscapes.mirror import MODEL, Mirror, study
from lrdecay_core.experiments.landscapes.views import GRID, LINE, Views

SEEDS = np.arange(8)
WOBBLE = 0.01 * np.sin(SEEDS)


def landscape(lowest, aspect=4.0, seeds=8):
    """Return views whose testing loss is a parabola around ``lowest`` and whose valley has that aspect."""
    a, b = np.meshgrid(*GRID, indexing="ij")
    centres = np.broadcast_to(lowest, seeds) + WOBBLE[:seeds]
    profile = np.stack([(LINE - c) ** 2 + 0.1 for c in centres])
    valley = (a - 0.5) ** 2 + (aspect * b) ** 2
    plane = np.broadcast_to(valley, (seeds, 2, *valley.shape))
    slope = np.stack([np.broadcast_to((a - c) ** 2 + b**2, (2, *a.shape)) for c in centres])
    return Views(
        line={"train": np.ones_like(profile), "test": profile},
        plane={"train": plane, "test": slope},
        optimum=np.zeros((seeds, 2, 2)),
        length=np.ones(seeds),
    )


UNRELATED = landscape(np.linspace(0.2, 0.8, 8), aspect=1.4)


def straightened(share):
    """Return small-rate views whose profiles are straight, and fall on a share of the line only."""
    views = landscape(60.0, aspect=1.2)
    t = LINE[None] + 0 * WOBBLE[:, None]
    up = np.maximum(t - share, 0) * 3
    return replace(views, line={"train": t, "test": 3 - 0.2 * t + up})


def subject(main, unrelated=UNRELATED, small=None):
    return {"main": main, "unrelated": unrelated, "small rate": straightened(0.5) if small is None else small}


def result(**networks):
    views = {MODEL: subject(landscape(1.6)), **{name.replace("_", " "): v for name, v in networks.items()}}
    return Mirror(study=study("quick"), views=views, reasons={}, seconds=1.0)


@pytest.fixture(autouse=True)
def book(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def found(outcome, name):
    return next(f for f in evidence.findings(likeness.table(outcome)) if f.subject == "net" and f.statistic == name)


def test_same_landscape_is_reproduced_and_controls_fail():
    judged, control = evidence.judge(result(net=subject(landscape(1.5))))
    assert judged.verdict == "reproduced"
    assert control.failed
    assert judged.headline.estimate == pytest.approx(1.5, abs=0.01)
    assert judged.margin == pytest.approx(judged.headline.low - 1)
    assert len(judged.rows) == 2 * len(likeness.STATISTICS)


def test_one_network_that_does_not_mirror_makes_it_partly():
    judged, _ = evidence.judge(result(net=subject(landscape(1.5)), other=subject(UNRELATED)))
    assert judged.verdict == "partly"


def test_networks_like_their_controls_are_not_reproduced():
    flat = landscape(0.5 + 0.02 * SEEDS, aspect=1.4)
    judged, _ = evidence.judge(result(net=subject(flat)))
    assert judged.verdict == "not reproduced"
    assert judged.margin < 0


@pytest.mark.parametrize(
    ("name", "main"),
    [
        ("t*", landscape(0.95)),  # the late end has passed the minimum, the loss still falls on 0.95 of the line
        ("test drop", landscape(0.4)),
        ("falling share", landscape(0.8)),
        ("aspect, O from L", landscape(1.5, aspect=1.7)),
        ("nearer by", landscape(20.0)),  # nearly straight
    ],
)
def test_each_criterion_can_fail_by_itself(name, main):
    assert found(result(net=subject(landscape(1.5))), name).passes
    assert not found(result(net=subject(main)), name).holds


def test_value_between_the_quartiles_of_one_control_does_not_pass():
    outcome = result(net=subject(landscape(1.5), small=landscape(1.5, aspect=1.0)))
    told = found(outcome, "t*")
    assert told.holds
    assert told.inside == ("small rate",)
    assert not told.passes
    passed = evidence.mirrored(evidence.findings(likeness.table(outcome)))
    assert passed["net", "test drop"] is False
    assert passed["net", "aspect"] is True


def test_model_must_pass_as_well():
    outcome = result(net=subject(landscape(1.5)))
    bent = {**outcome.views, MODEL: subject(landscape(1.6), small=landscape(1.6))}
    passed = evidence.mirrored(evidence.findings(likeness.table(replace(outcome, views=bent))))
    assert passed["net", "t*"] is False


def test_aspect_counts_on_both_planes():
    views = landscape(1.5)
    round_one = np.array(views.plane["train"])
    round_one[:, 1] = landscape(1.5, aspect=1.1).plane["train"][:, 1]
    outcome = result(net=subject(replace(views, plane={**views.plane, "train": round_one})))
    assert found(outcome, "aspect, O from L").passes
    assert not found(outcome, "aspect, O from E").holds
    assert evidence.mirrored(evidence.findings(likeness.table(outcome)))["net", "aspect"] is False


def test_share_of_seeds_decides_drop_and_falling_share():
    assert evidence.criterion("test drop", np.array([0.1] * 8 + [-0.1] * 2))
    assert not evidence.criterion("test drop", np.array([0.1] * 7 + [-0.1] * 3))
    assert evidence.criterion("falling share", np.array([0.9] * 4 + [0.85]))
    assert not evidence.criterion("falling share", np.array([0.85] * 5))


def test_a_control_that_meets_all_criteria_has_not_failed():
    _, control = evidence.judge(result(net=subject(landscape(1.5), unrelated=landscape(1.4))))
    assert not control.failed
    assert any("meets 5 of 5 criteria" in row.finding for row in control.rows)
    _, kept = evidence.judge(result(net=subject(landscape(1.5))))
    assert all("meets 5 of 5" not in row.finding for row in kept.rows)


def test_extra_controls_of_the_model_do_not_decide_but_must_fail():
    outcome = result(net=subject(landscape(1.5)))
    views = {**outcome.views, MODEL: {**outcome.views[MODEL], "dense truth": landscape(1.6)}}
    judged, control = evidence.judge(replace(outcome, views=views))
    assert judged.verdict == "reproduced"
    assert not control.failed


def test_table_has_a_line_per_kind_and_the_medians():
    text = evidence.describe_findings(result(net=subject(landscape(1.5))))
    assert text.count("\n|") == 1 + 2 * 3
    assert "| **net**, 8 pairs |" in text
    low, middle, high = np.quantile(1.5 + WOBBLE, [0.25, 0.5, 0.75])
    assert f"{middle:.2f} [{low:.2f}, {high:.2f}]" in text


def named(outcome):
    cell = next(iter(outcome.study.networks.values()))
    return replace(outcome, study=replace(outcome.study, networks={"net": cell}))


def test_words_say_what_holds_and_why_the_rest_does_not():
    good = evidence.describe_verdict(named(result(net=subject(landscape(1.5)))))
    assert "**net, what holds:** test drop, falling share, t*, nearer by, aspect." in good
    assert "**net, what does not:** nothing of the five." in good
    bad = evidence.describe_verdict(named(result(net=subject(UNRELATED))))
    assert "**net, what holds:** none of the five." in bad
    assert "t* (net: misses its criterion; not told from unrelated)" in bad
    assert "(model:" not in bad


def test_planes_in_words_are_medians():
    outcome = named(result(net=subject(landscape(1.5))))
    numbers = likeness.plane_correlations(outcome)["net"]
    text = evidence.describe_planes(outcome)
    assert f"**{np.median(numbers['main']['test']):.2f}**" in text
    assert f"**{np.median(numbers['unrelated']['test']):.2f}**" in text
