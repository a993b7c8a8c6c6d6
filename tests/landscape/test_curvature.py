import numpy as np
import pytest
import torch
from torch.nn import functional

from lrdecay_core import landscape


def test_product_trace_and_top_eigenvalues_of_a_known_hessian(quadratic):
    w, x = torch.randn(2, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    H = quadratic.hessian
    torch.testing.assert_close(landscape.hessian(quadratic.loss, w)(x), H @ x, rtol=0, atol=1e-13)
    expected = np.linalg.eigvalsh(H.numpy())[::-1]
    found = landscape.top_eigenvalues(quadratic.loss, w, num=3, tolerance=1e-12)
    np.testing.assert_allclose(found.values, expected[:3], rtol=1e-11)
    assert found.residuals.max() < 1e-9
    np.testing.assert_allclose(H.numpy() @ found.vectors.T, found.vectors.T * found.values, rtol=0, atol=1e-9)
    estimate = landscape.trace(quadratic.loss, w, num_probes=400, seed=1)
    assert abs(estimate.value - float(H.trace())) < 4 * estimate.standard_error
    # the known variance of one probe, 2 (|H|_F^2 - sum of squared diagonal); 400 probes know it to some 10 %
    spread = float(2 * (H.square().sum() - H.diagonal().square().sum())) ** 0.5 / 20
    assert estimate.standard_error == pytest.approx(spread, rel=0.25)


def test_a_diagonal_hessian_has_no_sampling_error():
    found = landscape.trace(lambda v: (v**2 * torch.tensor([1.0, 2.0, 4.0])).sum(), torch.ones(3), num_probes=2)
    assert found.value == 14
    assert found.standard_error == 0


def test_the_largest_with_its_sign():
    saddle = torch.tensor([-9.0, 1.0, 2.0, 0.5], dtype=torch.float64)
    found = landscape.top_eigenvalues(lambda v: (saddle * v**2).sum() / 2, torch.zeros(4, dtype=torch.float64), num=2)
    np.testing.assert_allclose(found.values, [2, 1], rtol=1e-6)


@pytest.mark.parametrize(("name", "shape"), [("mlp", (6,)), ("cnn1d", (11,)), ("cnn2d", (5, 5))])
def test_own_networks_agree_with_the_full_hessian(stack, draw, name, shape):
    net, vectors = stack(name, shape)
    inputs, targets = draw(20, *shape, dtype=torch.float64)
    net = net.double()
    loss = landscape.loss_of(net, functional.cross_entropy, inputs, targets)
    plain = landscape.loss_of(torch.nn.Sequential(net), functional.cross_entropy, inputs, targets)
    v = vectors[1].double()
    H = torch.autograd.functional.hessian(plain, v)
    x = torch.randn(len(v), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(landscape.hessian(loss, v)(x), H @ x, rtol=0, atol=1e-12)
    found = landscape.top_eigenvalues(loss, v, tolerance=1e-10)
    np.testing.assert_allclose(found.values[0], np.linalg.eigvalsh(H)[-1], rtol=1e-9)


def test_probes_do_not_depend_on_how_many():
    def loss(v):
        return (v[0] * v[1]) ** 2 + v[1] * v[2]

    v = torch.ones(3, dtype=torch.float64)
    two, three = (landscape.trace(loss, v, num_probes=n, seed=3) for n in (2, 3))
    third = 3 * three.value - 2 * two.value
    z = {tuple(s) for s in ((a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1))}
    H = torch.autograd.functional.hessian(loss, v).numpy()
    assert min(abs(third - np.array(s) @ H @ np.array(s)) for s in z) < 1e-12


def test_a_linear_loss_is_flat():
    assert landscape.hessian(lambda v: 2 * v.sum(), torch.ones(3))(torch.ones(3)).tolist() == [0, 0, 0]
    assert landscape.trace(lambda v: v[0], torch.ones(3)).value == 0


def test_refuses():
    v = torch.ones(3)
    with pytest.raises(ValueError, match="`loss` must be one finite number at `vector`"):
        landscape.trace(lambda v: v.sum() / 0, v)
    with pytest.raises(ValueError, match="`loss` must be one finite number"):
        landscape.trace(lambda v: v, v)
    with pytest.raises(ValueError, match="`loss` must be differentiable"):
        landscape.trace(lambda v: v.detach().sum(), v)
    with pytest.raises(ValueError, match=r"`num` must be a whole number in \[1, 2\], got 3"):
        landscape.top_eigenvalues(lambda v: v @ v, v, num=3)
    with pytest.raises(ValueError, match="`num_probes` must be a whole number at least 2"):
        landscape.trace(lambda v: v @ v, v, num_probes=1)
    with pytest.raises(ValueError, match=r"`vector` must be \(P,\)"):
        landscape.hessian(lambda v: v.sum(), torch.ones(2, 3))


def test_no_convergence_is_said():
    scale = torch.linspace(1, 1.001, 200, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="did not converge"):
        landscape.top_eigenvalues(
            lambda v: (scale * v**2).sum(), torch.zeros_like(scale), tolerance=1e-14, max_products=1
        )


@pytest.mark.parametrize(
    ("name", "shape"), [("mlp", (6,)), ("cnn1d", (11,)), ("cnn2d", (5, 5)), ("resnet18", (3, 8, 8))]
)
def test_curvature_on_cuda_is_that_on_the_cpu(same_on_cuda, stack, draw, name, shape):
    net, vectors = stack(name, shape, width=2)
    inputs, targets = draw(6, *shape)

    def found(device):
        loss = landscape.loss_of(net, functional.cross_entropy, inputs, targets, device=device)
        v = loss.vector(vectors[0])
        product = landscape.hessian(loss, v)(loss.vector(vectors[1]))
        assert product.device.type == torch.device(device).type
        trace = landscape.trace(loss, v, num_probes=2)
        top = landscape.top_eigenvalues(loss, v, tolerance=0.1)
        return product, trace.value, trace.standard_error, top.values, top.vectors

    same_on_cuda(found)
