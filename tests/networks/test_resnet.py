import pytest
import torch
from torch import nn

from lrdecay_core import landscape, networks
from lrdecay_core.networks import ResNet18, stacked
from lrdecay_core.parameters import Layout
from lrdecay_core.training import TrainConfig
from lrdecay_core.training.autograd import Autograd

CPU = torch.device("cpu")
SHAPE = (3, 16, 16)
CONFIG = TrainConfig(
    network="resnet18",
    dataset="digits",
    loss="squared",  # fake CUDA tensors cannot take the log-softmax of a transposed one without a CUDA build
    learning_rate=0.1,
    decayed_rate=0.01,
    batch_size=4,
    epochs=1,
    momentum=0.9,
    weight_decay=1e-3,
)


def nets(count):
    return [networks.build("resnet18", input_shape=SHAPE, num_classes=10, width=2, seed=s) for s in range(count)]


def a_step(rows=2):
    engine = Autograd(CONFIG, nets(rows), SHAPE, CPU)
    torch.manual_seed(0)
    targets = torch.full((rows, 10, 4), 0.1)
    return engine, torch.randn(rows, 4, *SHAPE), targets, torch.full((rows, 1), 0.1)


def test_it_is_the_published_network():
    """11.17 million parameters, 20 convolutions with the three 1 x 1 ones, and stages of 32, 16, 8, 4 pixels."""
    net, seen = ResNet18((3, 32, 32), 10), []
    assert sum(p.numel() for p in net.parameters()) == 11_173_962
    convolutions = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert sorted(m.kernel_size for m in convolutions) == [(1, 1)] * 3 + [(3, 3)] * 17
    for block in net.blocks:
        block.register_forward_hook(lambda _, __, out: seen.append(tuple(out.shape[1:])))
    assert net(torch.randn(2, 3, 32, 32)).shape == (2, 10)
    assert seen == [(c, s, s) for c, s in ((64, 32), (128, 16), (256, 8), (512, 4)) for _ in range(2)]
    batch = ResNet18((3, 32, 32), 10, norm="batch")
    assert sum(p.numel() for p in batch.parameters()) == 11_173_962


def test_a_block_adds_what_it_computes_to_what_it_was_given():
    net = ResNet18(SHAPE, 10, width=2)
    block = net.blocks[0]
    nn.init.zeros_(block.norm2.weight)
    nn.init.zeros_(block.norm2.bias)
    hidden = torch.rand(2, 2, 5, 5)
    torch.testing.assert_close(block(hidden), hidden, rtol=0, atol=0)


def test_group_norm_gives_a_sample_the_same_logits_alone_as_in_a_batch():
    (net,) = [net.double() for net in nets(1)]
    inputs = torch.randn(5, *SHAPE, dtype=torch.float64)
    alone = torch.cat([net(x[None]) for x in inputs])
    torch.testing.assert_close(net(inputs), alone, rtol=0, atol=1e-12)  # the same sums in another order


def test_stacked_equals_the_networks_one_by_one_with_gradients():
    several = [net.double() for net in nets(3)]
    layout = Layout.of(several[0])
    flat = torch.stack([layout.flatten(dict(n.named_parameters())) for n in several]).detach().requires_grad_()
    inputs = torch.randn(3, 4, *SHAPE, dtype=torch.float64)
    logits = stacked.mapped(several, CPU)(layout.unflatten(flat), inputs)
    plain = torch.stack([net(x).T for net, x in zip(several, inputs, strict=True)])
    torch.testing.assert_close(logits, plain, rtol=0, atol=1e-12)
    (gradient,) = torch.autograd.grad(logits.sin().sum(), flat)
    plain.sin().sum().backward()
    expected = torch.stack([layout.flatten({n: p.grad for n, p in net.named_parameters()}) for net in several])
    torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-11)  # float64 through 18 normalised layers


def test_the_step_makes_no_tensor_on_another_device_and_never_waits(cuda_replay, kernels):
    engine, *arguments = a_step()

    def step(weights, momentum, *rest):
        engine.weights, engine.momentum = weights, momentum
        return engine.step(*rest), engine.weights

    assert all(t.device.type == "cuda" for t in cuda_replay(step, engine.weights, engine.momentum, *arguments))
    engine, *arguments = a_step()
    before = engine.weights.clone()
    with torch.device("meta"):  # poison: whatever does not name its device lands there
        engine.step(*arguments)
    assert (engine.weights != before).any()
    with kernels():
        engine.step(*arguments)


def test_channels_last_is_the_same_network_with_images_in_another_order():
    plain, last = (networks.build(n, input_shape=SHAPE, num_classes=10, width=4).double() for n in ORDERS)
    images, orders = torch.randn(4, *SHAPE, dtype=torch.float64), []
    for net in (plain, last):
        net.blocks.register_forward_hook(lambda _, given, out: orders.append([_is_last(x) for x in (given[0], out)]))
    logits = [net(images) for net in (plain, last)]
    assert orders == [[False, False], [True, True]]
    torch.testing.assert_close(*logits, rtol=0, atol=1e-12)  # float64 sums in another order
    for net, out in zip((plain, last), logits, strict=True):
        out.sin().sum().backward()
        assert all(p.is_contiguous() for p in net.parameters())
    for a, b in zip(plain.parameters(), last.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=0, atol=1e-11)


ORDERS = ("resnet18", "resnet18-channels-last")


def _is_last(images):
    return images.is_contiguous(memory_format=torch.channels_last) and not images.is_contiguous()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_step_on_cuda_is_a_step_on_the_cpu():
    here, *arguments = a_step()
    there = Autograd(CONFIG, nets(2), SHAPE, torch.device("cuda"))
    here.step(*arguments)
    there.step(*(a.cuda() for a in arguments))
    torch.testing.assert_close(there.weights.cpu(), here.weights, rtol=0, atol=1e-3)  # TF32 convolutions


def test_batch_norm_asks_for_its_policy_on_a_landscape_and_is_refused_in_training():
    net = ResNet18(SHAPE, 10, width=2, norm="batch")
    images, labels = torch.randn(12, *SHAPE), torch.arange(12) % 10
    criterion = nn.functional.cross_entropy
    with pytest.raises(ValueError, match="`batch_norm` must say"):
        landscape.loss_of(net, criterion, images, labels)
    vector = torch.nn.utils.parameters_to_vector(net.parameters()).detach()
    eval_loss = landscape.loss_of(net, criterion, images, labels, batch_norm="eval")
    again = landscape.loss_of(net, criterion, images, labels, batch_norm="recompute", statistics_inputs=images)
    with torch.no_grad():
        expected = criterion(net.eval()(images), labels)
        net.train()
        batch_wise = criterion(net(images), labels)
    torch.testing.assert_close(torch.as_tensor(eval_loss(vector)), expected, rtol=1e-5, atol=1e-6, check_dtype=False)
    # running variances divide by n - 1, batch ones by n: the last maps have 12 x 2 x 2 entries, hence the width
    torch.testing.assert_close(torch.as_tensor(again(vector)), batch_wise, rtol=5e-2, atol=0, check_dtype=False)
    with pytest.raises(ValueError, match="must not depend on the batch"):
        stacked.mapped([net], CPU)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"`network`='resnet18' needs inputs of shape \(channels, height, width\)"):
        networks.build("resnet18", input_shape=(8, 8), num_classes=2)
    with pytest.raises(ValueError, match="`norm` must be one of 'batch', 'group', got 'layer'"):
        ResNet18(SHAPE, 10, norm="layer")


def test_statistics_are_arguments_wherever_they_live(cuda_replay):
    net = ResNet18(SHAPE, 10, width=2, norm="batch").eval()
    parameters = {n: p.detach() for n, p in net.named_parameters()}
    buffers = {n: b.clone() for n, b in net.named_buffers()}
    names = [*parameters, *buffers]

    def forward(images, *tensors):
        return torch.func.functional_call(net, dict(zip(names, tensors, strict=True)), (images,))

    images = torch.randn(4, *SHAPE)
    found = cuda_replay(forward, images, *parameters.values(), *buffers.values())
    assert found.device.type == "cuda"
    assert found.shape == (4, 10)
    moved = {n: b + 1 if n.endswith("running_mean") else b for n, b in buffers.items()}
    assert not torch.equal(forward(images, *parameters.values(), *moved.values()), net(images))
    assert all(torch.equal(b, buffers[n]) for n, b in net.named_buffers())
