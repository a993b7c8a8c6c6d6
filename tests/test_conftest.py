"""The stand-in device refuses what a real one refuses; without that, the tests that use it would prove nothing."""

import pytest
import torch

MIXED = "expected all tensors to be on the same device"


@pytest.mark.parametrize(
    "call",
    [
        lambda here, there: here + there,
        lambda here, there: torch.cat([here, there]),
        lambda here, there: torch.mul(here, there, out=torch.empty(3)),
        lambda here, there: here[there.long()],
        lambda here, there: torch.nn.functional.linear(here, there[None]),
        lambda here, there: there.sum().addcmul_(here.sum(), here[0], value=1.0) + here,
    ],
)
def test_tensors_of_two_places_are_refused(cuda, call):
    with pytest.raises(RuntimeError, match=MIXED):
        call(torch.ones(3), torch.ones(3, device="cuda:0"))


def test_numpy_is_refused_until_the_tensor_is_moved(cuda):
    there = torch.ones(3, device="cuda:0")
    with pytest.raises(TypeError, match="can't convert cuda:0"):
        there.numpy()
    assert there.cpu().numpy().tolist() == [1, 1, 1]


def test_a_tensor_knows_its_place_through_views_copies_and_gradients(cuda):
    here = torch.arange(6.0)
    there = here.to("cuda:0")
    assert here.device.type == "cpu"
    for tensor in (there[1:], there.view(2, 3).mT, there.double(), torch.zeros_like(there), there.new_zeros(2)):
        assert tensor.device.type == "cuda"
    weights = torch.ones(6, device="cuda:0").requires_grad_()
    (gradient,) = torch.autograd.grad((weights * there).sum(), weights)
    assert gradient.device.type == "cuda"
    assert weights.to(here).device.type == torch.as_tensor([1.0]).device.type == "cpu"
    assert torch.as_tensor(here.numpy(), device="cuda:0").device.type == "cuda"
    assert here.device.type == "cpu"
    assert there[torch.tensor([1, 2])].device.type == "cuda"  # an index may stand on the processor
    assert (there * torch.tensor(2.0)).device.type == "cuda"  # so may one number
    here.copy_(there)
    assert here.device.type == "cpu"


def test_a_module_moves_with_its_parameters_and_buffers(cuda):
    net = torch.nn.BatchNorm1d(3).to("cuda:0")
    assert all(t.device.type == "cuda" for t in [*net.parameters(), *net.buffers()])
    with pytest.raises(RuntimeError, match=MIXED):
        net(torch.randn(4, 3))
