import re
from importlib.resources import files
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from lrdecay_core.figures import style

# Severity 1.0 of Machado, Oliveira and Fernandes, IEEE TVCG 15(6), 2009, on linear RGB; the eye with all cones first.
EYES = {
    "all": np.eye(3),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
XYZ = np.array(
    ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
)
APART = 19.5  # CIE76; 2.3 is just noticeable side by side, thin lines far from their key need several times that
LIGHTER = 4.5  # two steps of lightness that one can name in grey; lines of one chart differ in width or dashes besides
SCRIPTS = files("lrdecay_core.explorers") / "js"
PRINTED = {name: value for name, value in vars(style).items() if name.isupper() and str(value).startswith("#")}
LIGHT, DARK = (
    dict(re.findall(r"--lrx-(\w+): (#\w{6})", block))
    for block in re.findall(r"\.lrx \{([^}]*)\}", (SCRIPTS / "style.js").read_text(encoding="utf8"))[:2]
)


def seen(colour, eye):
    """Return L*, a*, b* of an sRGB colour."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(np.array(EYES[eye]) @ linear, 0, 1) / XYZ.sum(axis=1)
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array((116 * y - 16, 500 * (x - y), 200 * (y - z)))


@pytest.fixture(autouse=True)
def keep_rc():
    with mpl.rc_context():
        yield


def test_use_style_sets_the_books_look():
    style.use_style()
    assert mpl.rcParams["axes.spines.top"] is False


def test_arms_run_from_early_to_late_and_never_is_grey():
    colours = [to_hex(c) for c in style.arm_colours((2, 10, 50, 100), 100)]
    assert colours[0].upper() == style.EARLY
    assert colours[2].upper() == style.LATE
    assert colours[3] == style.NEVER
    assert len(set(colours)) == 4


def test_a_single_arm_has_a_colour():
    assert len(style.arm_colours((5,), 100)) == 1
    assert style.arm_colours((100,), 100) == [style.NEVER]


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("palette", [PRINTED, LIGHT, DARK], ids=["printed", "light", "dark"])
def test_colours_differ_for_every_eye(palette, eye):
    assert len(palette) >= 6
    for (one, a), (other, b) in combinations(palette.items(), 2):
        assert a == b or np.linalg.norm(seen(a, eye) - seen(b, eye)) >= APART, (one, other)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_of_explorers_differ_in_grey(palette):
    names = [name for name in palette if name != "rim"]  # the rim is the ground
    for one, other in combinations(names, 2):
        assert abs(seen(palette[one], "all")[0] - seen(palette[other], "all")[0]) >= LIGHTER, (one, other)


def test_what_meets_in_a_printed_chart_without_dashes_differs_in_grey():
    for pair in ("EARLY LATE", "MEASURED PREDICTED", "MEASURED CONTROL", "NEVER CONTROL", "PREDICTED CONTROL"):
        one, other = (seen(PRINTED[name], "all")[0] for name in pair.split())
        assert abs(one - other) >= LIGHTER, pair


def test_the_curves_of_one_explorer_have_dashes_of_their_own():
    shades = re.search(r"SHADES = \[(.*)\]", (SCRIPTS / "collapse.js").read_text(encoding="utf8"))[1]
    rules = dict(
        re.findall(r"\.lrx-line\.(\w+) \{ stroke-dasharray: ([^;}]*)", (SCRIPTS / "style.js").read_text("utf8"))
    )
    dashes = [[rules.get(word) for word in shade.split() if word in rules] for shade in re.findall('"(.*?)"', shades)]
    assert sorted(map(len, dashes)) == [0, 1, 1, 1]
    assert len({tuple(d) for d in dashes}) == 4
