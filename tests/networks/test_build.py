from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from lrdecay_core import networks


def flat(**options):
    net = networks.build("mlp", input_shape=(4,), num_classes=3, **options)
    return torch.nn.utils.parameters_to_vector(net.parameters()).detach()


def test_weights_depend_on_the_seed_and_on_nothing_else():
    torch.manual_seed(1)
    first = flat(seed=7)
    torch.manual_seed(2)
    assert torch.equal(flat(seed=7), first)
    assert not torch.equal(flat(seed=8), first)


def test_the_callers_random_state_is_left_alone():
    before = torch.random.get_rng_state()
    flat(seed=7)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_gain_scales_every_parameter():
    torch.testing.assert_close(flat(init_gain=3.0), 3 * flat(), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"width": 0}, "`width`"), ({"init_gain": 0.0}, "`init_gain`"), ({"init_gain": float("nan")}, "`init_gain`")],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        flat(**options)


def test_unknown_network():
    with pytest.raises(
        ValueError, match="`network` must be one of 'cnn1d', 'cnn1d-depth2', 'cnn1d-depth4', .*, got 'vit'"
    ):
        networks.build("vit", input_shape=(4,), num_classes=3)


def test_a_registered_network_draws_its_weights_at_the_same_address(monkeypatch):
    monkeypatch.setitem(networks.ARCHITECTURES, "mine", networks.MLP)  # and so removed after the test
    del networks.ARCHITECTURES["mine"]
    networks.register("mine", lambda shape, classes: networks.MLP(shape, classes))
    mine = networks.build("mine", input_shape=(4,), num_classes=3, seed=7)
    assert torch.equal(torch.nn.utils.parameters_to_vector(mine.parameters()), flat(seed=7))
    with pytest.raises(ValueError, match="`name` must be new, got 'mine'"):
        networks.register("mine", networks.MLP)


def test_threads_build_what_one_thread_builds():
    """PyTorch's generator is one for all threads."""
    alone = [flat(width=200, seed=seed) for seed in range(60)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda seed: flat(width=200, seed=seed), range(60)))
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))
