"""M1 and M4 on made-up numbers: the verdict follows them, in both directions."""

import numpy as np
import pytest

from lrdecay_core.claims import decay_limit
from lrdecay_core.experiments.model.decay_limit import Landings
from lrdecay_core.experiments.model.exits import Cut
from lrdecay_core.experiments.model.setting import Setting
from lrdecay_core.experiments.model.slow_curves import Curves


@pytest.fixture(autouse=True)
def book_profile(monkeypatch):
    monkeypatch.setenv("LRDECAY_PROFILE", "book")


def landings(deviation, without) -> Landings:
    one = np.array([1.0, -0.5])
    count = len(deviation)
    return Landings(
        settings=(Setting(),) * (count - 1) + (Setting(batch_size=1),),
        decay_steps=np.full(count, 100),
        measured=(one,) * count,
        predicted=tuple(one + np.array([x, 0]) for x in deviation),
        uncentred=tuple(one + np.array([0, x]) for x in without),
        residual=np.full(count, 1e-13),
        seconds=1.0,
    )


@pytest.mark.parametrize(
    ("deviation", "verdict"),
    [
        ((1e-12, 1e-11, 1e-10), "reproduced"),
        ((1e-12, 1e-8, 1e-10), "partly"),
        ((1e-6, 1e-8, 1e-12), "not reproduced"),
    ],
)
def test_landing_verdict(deviation, verdict):
    evidence, control = decay_limit.landing(landings(deviation, (1e-3,) * 3))
    assert evidence.verdict == verdict
    assert evidence.headline.estimate == pytest.approx(np.log10(max(deviation)), abs=1e-4)
    assert evidence.headline.n == 3
    assert (evidence.margin > 0) == (verdict == "reproduced")
    assert [row.interval.n for row in evidence.rows] == [2, 1]
    assert control.failed


def test_landing_control_must_deviate_in_every_case():
    _, control = decay_limit.landing(landings((1e-12,) * 3, (1e-3, 1e-6, 1e-3)))
    assert not control.failed
    assert control.headline.estimate == pytest.approx(-6, abs=1e-4)


def curves(first, leading, problems=2) -> Curves:
    tau = np.array([1.0, 2.0, 3.0])
    truth = np.exp(-tau)
    jitter = np.exp(0.001 * np.array([-1.0, 0.0, 1.0, 0.0]))
    measured = np.broadcast_to(truth[:, None] * jitter, (problems, 3, 4)).copy()
    # the last problem is predicted with the given errors, the others exactly to first order
    predicted = np.broadcast_to(truth, (problems, 3)).copy()
    predicted[-1] = truth / (1 + np.array(first))
    return Curves(
        slow_times=tau, measured=measured, first_order=predicted,
        leading=np.broadcast_to(truth / (1 + np.array(leading)), (problems, 3)).copy(),
        solver=measured[:, :, 0] * (1 + 1e-9), seconds=1.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "problems", "verdict"),
    [
        ((0.01, -0.04, 0.02), 2, "reproduced"),
        ((0.01, -0.06, 0.02), 2, "partly"),
        ((0.01, -0.06, 0.02), 1, "not reproduced"),
    ],
)
def test_curve_verdict(first, problems, verdict):
    evidence, control = decay_limit.slow_flow(curves(first, (0.05, -0.12, 0.0), problems))
    assert evidence.verdict == verdict
    assert evidence.headline.estimate == pytest.approx(first[1], abs=1e-4)
    assert evidence.rows[-1].name == f"problem {problems}, slow time 2.00"
    assert evidence.headline.low < evidence.headline.estimate < evidence.headline.high
    assert control.failed


@pytest.mark.parametrize(("second", "failed"), [(-0.09, False), (-0.16, True)])
def test_curve_control_must_miss_by_a_tenth_on_average(second, failed):
    found = curves((0.0, 0.0, 0.0), (0.05, -0.09, 0.0))
    found.leading[1] = np.exp(-found.slow_times) / (1 + np.array([0.0, second, 0.0]))
    _, control = decay_limit.slow_flow(found)
    assert control.failed is failed
    assert control.headline.estimate == pytest.approx((0.09 - second) / 2, abs=1e-4)
    assert control.rows[-1].finding == f"above 10% in {int(failed)} of 2 problems"


def test_sentences_hold_the_numbers():
    said = decay_limit.describe_landings(landings((1e-12, 3e-11, 1e-13), (1e-3, 2e-4, 1e-3)))
    assert said.startswith("3 end points, 6 coefficients")
    assert "**3.0e-11**" in said
    assert "2.0e-04" in said
    assert "6 test losses, which agree to 1.0e-09" in decay_limit.describe_curves(curves((0, 0, 0), (0.2, 0.2, 0.2)))
    rates = np.array([0.04, 0.02, 0.01])
    cut = Cut(rates=rates, to_flow=rates**2, to_own=1e-13 * rates, drift=rates, bound=10 * rates)
    said = decay_limit.describe_cut(cut)
    assert "to the power 2.000" in said
    assert "4.0e-15" in said
