import numpy as np

from lrdecay_core.explorers.words import plain


def test_numbers_are_written_as_the_page_writes_them(node):
    values = [
        0.0,
        1.0,
        -0.5,
        0.00012345,
        9.999e-5,
        123.456,
        999.4,
        999.6,
        1000,
        1234567,
        9999999,
        1.5e7,
        0.1,
        2 / 3,
        50,
    ]
    values += (10.0 ** np.random.default_rng(0).uniform(-9, 9, 400)).tolist()
    found = node("const { plain } = await lib('chart'); return given.values.map(plain);", values=values)
    assert [plain(v) for v in values] == found


def test_what_is_no_number_is_a_dash(node):
    assert [plain(None), plain(float("nan")), plain(float("inf"))] == ["–"] * 3
    assert node("const { plain } = await lib('chart'); return [null, NaN, Infinity].map(plain);") == ["–"] * 3
