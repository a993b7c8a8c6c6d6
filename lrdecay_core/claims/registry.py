"""The claims of the book, their thresholds, and the verdicts they are expected to reach.

Thresholds are fixed before the runs that they judge; what was changed later stands in CHANGELOG.md.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

__all__ = ["REGISTRY", "STATEMENTS", "VERDICTS", "Claim", "expected"]

VERDICTS = ("reproduced", "partly", "not reproduced", "not testable here")

STATEMENTS = {
    "S1": "Networks trained longer at a large learning rate before it is lowered often generalise better.",
    "S2": "With both losses in view, the large-rate trajectory moves through the minima of the training loss "
    "and ends near a minimum of the testing loss.",
    "S3": "A nonlinear model has loss landscapes that mirror those of real networks.",
    "S4": "On that model, SGD with a long large-rate phase goes to the minimum-norm solution of the training loss.",
    "S5": "The minimum-norm solution may generalise near-optimally, which is why late decay helps.",
}
"""The five statements of the abstract, in our words."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One row of the ledger."""

    id: str
    """Short name: N networks, M model, B boundary, P a rule for the decay epoch, G needs a GPU."""
    source: str
    """``"S1"`` to ``"S5"``, a statement of the abstract; or ``"ours"``."""
    statement: str
    """What is claimed."""
    chapter: str
    """Page that shows the evidence."""
    threshold: str
    """When it counts as reproduced, in the book profile."""
    control: str
    """What must fail, or the check proves nothing."""


REGISTRY: dict[str, Claim] = {
    claim.id: claim
    for claim in [
        Claim(
            id="N1",
            source="S1",
            statement="At equal epochs, later decay gives lower test error.",
            chapter="late-decay",
            threshold="early minus late, paired by seed: 95 % interval above 0 in each of the four cells (four: "
            "reproduced, one to three: partly, none: not), and a falling trend among decays after phase I in the "
            "MNIST-1D CNN",
            control="trunk rate a tenth, lowered to half of that, at the same epochs and with decays ten times as "
            "late: gain at matched training loss at most a third of the main one",
        ),
        Claim(
            id="N2",
            source="S1",
            statement="At matched training loss, later decay still gives lower test error, so speed is not all.",
            chapter="late-decay",
            threshold="early minus late at the crossing of one training loss, and of a second lower one: 95 % "
            "interval above 0 in the MNIST-1D CNN and the digits MLP",
            control="trunk rate a tenth, lowered to half of that, at the same epochs and with decays ten times as "
            "late: gain at matched training loss at most a third of the main one",
        ),
        Claim(
            id="N3",
            source="S2",
            statement="At the large rate, training moves along one valley of training minima.",
            chapter="loss-landscapes",
            threshold="past phase I, every decayed end has a training loss no higher than that of the earliest; on the "
            "straight line between ends, and between neighbours, the training loss rises by at most 0.05 of its mean "
            "over 50 random directions at the same distance; ends are at least 3 times as far apart as the trunk is "
            "from its own decayed end",
            control="siblings forked at epoch 1 with another data order, and independent runs after permutation "
            "alignment: the line between their ends crosses a higher barrier",
        ),
        Claim(
            id="N4",
            source="S2",
            statement="The later the decay, the nearer it ends to a minimum of the testing loss.",
            chapter="loss-landscapes",
            threshold="squared loss; descent on the testing loss from every decayed end, to one rule: distance to the "
            "end of that descent, and testing loss it gains, fall with T (rank correlation, 95 % interval below 0)",
            control="trunk rate a tenth, lowered to half of that, decay epochs ten times as late: no such fall",
        ),
        Claim(
            id="N5",
            source="S3",
            statement="The model's loss landscape mirrors that of the networks.",
            chapter="mirror",
            threshold="on the plane through the early end, the late end and the testing minimum: testing loss falls, "
            "on at least 0.9 of the line, in at least 80 % of 8 seeds; the late end has not passed the testing minimum "
            "(t* above 1, 95 % interval); the testing profile is closer to the model's than the best straight line "
            "is; and the valley is elongated; each, for networks and model, outside the interquartile range of the "
            "controls",
            control="two unrelated small-rate solutions, aligned; an early and a late end of one small-rate run",
        ),
        Claim(
            id="M1",
            source="S4",
            statement="A decay at step T lands exactly at an entropy projection that the run before T determines.",
            chapter="where-decay-lands",
            threshold="largest relative deviation from a stiff ODE solver at most 1e-9, over at least 30 cases",
            control="the same projection with its centre set to 0: deviation above 1e-5",
        ),
        Claim(
            id="M2",
            source="S4",
            statement="The longer the large rate lasts, the closer decay lands to the minimum-norm solution.",
            chapter="minimum-norm",
            threshold="squared norm after decay over its minimum falls with T and ends at 1.01 or less; the distance "
            "to the minimum-norm solution scales as a power of the scale within 0.02 of 1 - kappa*",
            control="both rates a tenth at the same T: the ratio stays near its start; no label noise: it is frozen "
            "within the bound of Theorem G",
        ),
        Claim(
            id="M3",
            source="S4",
            statement="Time is measured in η²T: curves of different rates fall onto one.",
            chapter="when-to-decay",
            threshold="best exponent p of eta^p T within 0.1 of 2, over two decades; exponents of the decay time in "
            "(eta, B, sigma) within 0.1 of (-2, 1, -2)",
            control="no label noise: neither collapse nor fall; p = 1: spread at least five times that of p = 2",
        ),
        Claim(
            id="M4",
            source="S4",
            statement="The slow flow predicts the test loss after decay at every T.",
            chapter="where-decay-lands",
            threshold="first-order curve within 5 % of the measured one at eta = 0.02, slow time up to 5, 32 replicas",
            control="the leading order at the same rate misses by more than 10 %",
        ),
        Claim(
            id="M5",
            source="S5",
            statement="For a sparse truth the minimum-norm solution generalises near-optimally.",
            chapter="minimum-norm",
            threshold="basis pursuit recovers the truth in at least 90 % of problems once n reaches the Gaussian-width "
            "bound; with label errors of standard deviation 0.1 and 0.3 its median excess risk is at most 1.5 times "
            "that of the lasso tuned on fresh data and a third of the minimum-l2 solution's, over 20 problems",
            control="dense truth with equal entries: the ranking reverses",
        ),
        Claim(
            id="M6",
            source="S5",
            statement="At equal budget, later decay gives lower test loss on the model.",
            chapter="when-to-decay",
            threshold="label noise kept on, decayed rate a tenth, T up to 5/8 of the budget: test loss falls at every "
            "step of T in at least 90 % of 20 problems, 8 replicas each",
            control="both rates a tenth: late over early within [0.8, 1.25]; dense truth: it rises",
        ),
        Claim(
            id="M7",
            source="ours",
            statement="Of a schedule only the sum of squared rates counts, not its shape.",
            chapter="when-to-decay",
            threshold="constant, cosine, linear and cyclic rates of one sum of η², none above 0.02, the same number "
            "of steps: largest over smallest test loss after decay at most 1.05, mean over 20 problems, whole 95 % "
            "interval",
            control="one sum of eta instead: cosine, linear and cyclic each differ from constant by more than 20 %",
        ),
        Claim(
            id="M8",
            source="ours",
            statement="On a second model, a product of matrices, later decay lands closer to minimum norm, too.",
            chapter="second-model",
            threshold="squared norm after decay over its minimum, twice the least nuclear norm, falls with T (rank "
            "correlation, 95 % interval below 0) and ends at 1.05 or less (whole interval); the testing loss ends at a "
            "fifth of its start or less (whole interval); 10 problems, true rank 2 of 10",
            control="a tenth of the rate at the same steps, and no label noise: at least 80 % of the excess norm "
            "stays; truth of full rank: the testing loss rises",
        ),
        Claim(
            id="B1",
            source="ours",
            statement="Where wrong labels can be memorised, late decay hurts.",
            chapter="boundaries",
            threshold="20 % of the training labels corrupted once: final test error of the early decay minus that of "
            "the late one, paired by seed: 95 % interval below 0",
            control="clean labels: interval not below 0",
        ),
        Claim(
            id="B2",
            source="ours",
            statement="When the gradient noise stops, so does the effect of waiting.",
            chapter="boundaries",
            threshold="no persistent noise, trunk past interpolation: change of the decayed test error from T to 4T "
            "within 0.005 of 0 (two one-sided tests at 5 %); on the model, the same change of log a within the bound "
            "of Theorem G; partly only where the network keeps the margin",
            control="fresh label noise on: change outside the margin",
        ),
        Claim(
            id="P1",
            source="ours",
            statement="A rule that reads the trunk alone picks a better decay epoch than always half of the budget.",
            chapter="your-own-run",
            threshold="at most two constants, fitted on at least 40 pilot runs; at least 20 held-out runs, other seeds "
            "and another data set: regret against the oracle decay minus that of always-half, paired: 95 % interval "
            "below 0",
            control="the same rule fitted on shuffled pilot features: interval not below 0",
        ),
        Claim(
            id="P2",
            source="ours",
            statement="A short trial decay, read on held-back samples, picks a better decay epoch than always half.",
            chapter="your-own-run",
            threshold="no fitted constant; at least 24 fresh runs on two tasks with both kinds of label errors, each "
            "with a seed of its own: final test error of the choice minus that of always-half, paired: 95 % interval "
            "below 0",
            control="the same rule fed the held-back errors of another run, 20 deals averaged: interval not below 0",
        ),
        Claim(
            id="G1",
            source="S1",
            statement="The same holds for a residual network on natural images (CIFAR-10, ResNet-18).",
            chapter="boundaries",
            threshold="as N1 to N5",
            control="as N1 to N5",
        ),
    ]
}


def expected(claim_id: str, profile: str) -> tuple[str, ...]:
    """Return the verdicts ``claim_id`` may reach in ``profile``; a build that reaches another one fails."""
    table = tomllib.loads((files("lrdecay_core.claims") / "expected.toml").read_text(encoding="utf8"))
    verdicts = table[profile][claim_id]
    return (verdicts,) if isinstance(verdicts, str) else tuple(verdicts)
