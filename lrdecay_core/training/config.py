"""What one training run is made of."""

from __future__ import annotations

from dataclasses import dataclass

from lrdecay_core import checks, data, networks, provenance

__all__ = ["LOSSES", "OPTIMISERS", "PRECISIONS", "TrainConfig"]

LOSSES = ("cross_entropy", "squared")
PRECISIONS = ("float32", "bf16")
OPTIMISERS = ("sgd", "nesterov", "adamw")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything a run depends on besides its seed and its decay epoch.

    >>> TrainConfig(network="mlp", dataset="digits", loss="squared", learning_rate=0.1, decayed_rate=0.01,
    ...             batch_size=20, epochs=5, num_train=400).steps_per_epoch
    20
    """

    network: str
    """Architecture: ``"mlp"``, ``"cnn1d"``, ``"cnn2d"``, ``"resnet18"`` (for GPUs also ``"resnet18-channels-last"``),
    or a name given to ``networks.register``."""
    dataset: str
    """Data set: ``"digits"``, ``"mnist1d"``, ``"cifar10"``, or a name given to ``data.register``."""
    loss: str
    """``"cross_entropy"``, or ``"squared"``: half the squared distance to the one-hot label, summed over classes."""
    learning_rate: float
    """The large rate of the trunk."""
    decayed_rate: float
    """The rate of every tail: one value, whenever the decay happens."""
    batch_size: int
    """Samples per step, drawn without replacement within an epoch; a last short batch is left out."""
    epochs: int
    """Length of every run, trunk and tail together."""
    num_train: int | None = None
    """How many training samples are used, from the first; None is all."""
    width: int | None = None
    """Hidden units or channels; None is the architecture's default."""
    init_gain: float = 1.0
    """Factor on every starting parameter."""
    label_noise: float = 0.0
    """Probability that a drawn label is replaced by a uniform one, afresh each time it is drawn."""
    label_corruption: float = 0.0
    """Share of training labels replaced once, before training, by another class."""
    input_noise: float = 0.0
    """Standard deviation of Gaussian noise added to the inputs, afresh each time they are drawn."""
    augment: bool = False
    """Every drawn image is moved by up to four pixels, zeros coming in, and mirrored or not, afresh each time."""
    label_smoothing: float = 0.0
    """Weight of the uniform distribution in every target."""
    optimiser: str = "sgd"
    """``"sgd"``; ``"nesterov"``: w <- w - rate (g + momentum b); ``"adamw"`` with beta_2 = 0.999 and eps = 1e-8."""
    momentum: float = 0.0
    """Heavy-ball momentum: b <- momentum b + g, w <- w - rate b. AdamW: its beta_1."""
    weight_decay: float = 0.0
    """Coefficient c of c w, added to the gradient. AdamW: decoupled, w <- (1 - rate c) w before its step."""
    precision: str = "float32"
    """``"float32"``: as PyTorch has it, which on CUDA rounds what convolutions multiply to TF32's 10 bits;
    :func:`lrdecay_core.training.deterministic` computes them in full. ``"bf16"``: matrix products of the networks in
    bfloat16 (autocast); weights, loss and update stay float32."""
    compile: bool = False
    """Take steps by autograd through ``torch.compile``; needs a C++ compiler, and seconds when the rows change."""

    def __post_init__(self) -> None:
        dataset = data.load(self.dataset)
        checks.one_of("network", self.network, networks.ARCHITECTURES)
        checks.one_of("loss", self.loss, LOSSES)
        checks.one_of("precision", self.precision, PRECISIONS)
        checks.one_of("optimiser", self.optimiser, OPTIMISERS)
        for name in ("learning_rate", "decayed_rate", "init_gain"):
            checks.positive(name, getattr(self, name))
        for name in ("input_noise", "weight_decay"):
            checks.non_negative(name, getattr(self, name))
        for name in ("label_noise", "label_corruption", "label_smoothing", "momentum"):
            checks.fraction(name, getattr(self, name))
        checks.boolean("compile", self.compile)
        if not isinstance(self.augment, bool) or (self.augment and len(dataset.input_shape) < 2):
            raise ValueError(
                "`augment` must be True or False, and False unless inputs are images, "
                f"got {checks.shown(self.augment)} with inputs of shape {dataset.input_shape}"
            )
        if self.optimiser == "nesterov" and not self.momentum:
            raise ValueError("`momentum` must be above 0 for `optimiser` 'nesterov', got 0; without it, use 'sgd'")
        checks.integer("epochs", self.epochs, minimum=1)
        if self.width is not None:
            checks.integer("width", self.width, minimum=1)
        pool = len(dataset.train.targets)
        if self.num_train is not None:
            checks.integer("num_train", self.num_train, minimum=1, maximum=pool)
        checks.integer("batch_size", self.batch_size, minimum=1, maximum=self.num_train or pool)

    @property
    def num_samples(self) -> int:
        """Training samples in use."""
        return self.num_train or len(data.load(self.dataset).train.targets)

    @property
    def steps_per_epoch(self) -> int:
        """Updates per epoch."""
        return self.num_samples // self.batch_size

    @property
    def key(self) -> str:
        """Name of this configuration: 12 hexadecimal digits."""
        return provenance.config_key(self)
