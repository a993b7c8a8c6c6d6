from dataclasses import fields, replace

import pytest


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("network", "vit"),
        ("dataset", "imagenet"),
        ("loss", "hinge"),
        ("precision", "float16"),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("decayed_rate", -0.1),
        ("batch_size", 0),
        ("batch_size", 61),
        ("batch_size", 2.5),
        ("epochs", 0),
        ("num_train", 1001),
        ("num_train", 0),
        ("width", 0),
        ("init_gain", 0.0),
        ("label_noise", 1.0),
        ("label_corruption", -0.1),
        ("input_noise", float("inf")),
        ("label_smoothing", 1.0),
        ("momentum", 1.0),
        ("weight_decay", -1.0),
    ],
)
def test_bad_values_are_refused_by_name(config, field, value):
    with pytest.raises(ValueError, match=f"`{field}`.*got"):
        replace(config, **{field: value})


def test_every_field_is_part_of_the_key(config):
    words = {"network": "cnn2d", "dataset": "mnist1d", "loss": "squared", "precision": "bf16", "optimiser": "nesterov"}
    for field in fields(config):
        value = getattr(config, field.name)
        changed = (
            not value
            if isinstance(value, bool)
            else words[field.name]
            if isinstance(value, str)
            else value + (1 if isinstance(value, int) else 0.01)
        )
        assert replace(config, **{field.name: changed}).key != config.key, field.name


def test_steps_per_epoch_leaves_the_short_batch_out(config):
    assert config.steps_per_epoch == 60 // 7


def test_nesterov_without_momentum_is_refused(config):
    with pytest.raises(ValueError, match="`momentum` must be above 0 for `optimiser` 'nesterov'"):
        replace(config, optimiser="nesterov", momentum=0.0)
