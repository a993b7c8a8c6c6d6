import matplotlib as mpl
import pytest
from matplotlib.colors import to_hex

from lrdecay_core.figures import style


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
