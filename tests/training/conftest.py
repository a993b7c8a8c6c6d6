import pytest

from lrdecay_core.training import TrainConfig


@pytest.fixture
def config() -> TrainConfig:
    """A run of seconds, with every source of randomness switched on."""
    return TrainConfig(
        network="mlp",
        dataset="digits",
        loss="cross_entropy",
        learning_rate=0.1,
        decayed_rate=0.01,
        batch_size=7,
        epochs=5,
        num_train=60,
        width=6,
        label_noise=0.2,
        label_corruption=0.1,
        input_noise=0.1,
        label_smoothing=0.05,
        momentum=0.5,
        weight_decay=1e-3,
    )
