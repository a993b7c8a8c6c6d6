import pytest
import torch
from torch import nn

from lrdecay_core.parameters import Layout


def test_flatten_inverts_unflatten_with_leading_axes():
    layout = Layout.of(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 5)))
    flat = torch.randn(4, 7, layout.size)
    assert torch.equal(layout.flatten(layout.unflatten(flat)), flat)


def test_order_and_values_are_the_modules_own():
    module = nn.Linear(3, 2)
    flat = Layout.of(module).flatten(dict(module.named_parameters()))
    assert torch.equal(flat, nn.utils.parameters_to_vector(module.parameters()))


def test_unflatten_returns_views():
    layout = Layout.of(nn.Linear(3, 2))
    flat = torch.zeros(layout.size)
    layout.unflatten(flat)["bias"].fill_(1.0)
    assert flat.sum() == 2


def test_tied_parameters_count_once():
    module = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)})
    module["b"].weight = module["a"].weight
    assert Layout.of(module).size == 9 + 3 + 3


def test_wrong_input_is_named():
    layout = Layout.of(nn.Linear(3, 2))
    with pytest.raises(ValueError, match="`flat` must end in 8"):
        layout.unflatten(torch.zeros(9))
    with pytest.raises(ValueError, match="missing {'bias'}"):
        layout.flatten({"weight": torch.zeros(2, 3)})
    with pytest.raises(ValueError, match="`weight` must end in shape"):
        layout.flatten({"weight": torch.zeros(3, 2), "bias": torch.zeros(2)})
    with pytest.raises(ValueError, match="at least one parameter"):
        Layout.of(nn.ReLU())


def test_a_parameter_without_axes_is_one_entry():
    layout = Layout.of({"scale": torch.tensor(2.0), "shift": torch.ones(3)})
    named = layout.unflatten(torch.arange(4.0))
    assert named["scale"].shape == ()
    assert layout.flatten(named).tolist() == [0.0, 1.0, 2.0, 3.0]
