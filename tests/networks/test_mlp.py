def test_stacked_equals_plain(stacked_equals_plain):
    stacked_equals_plain("mlp", (7, 3))
