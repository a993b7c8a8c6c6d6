import hashlib

import numpy as np
import pytest

from lrdecay_core import rng


def test_addresses_do_not_share_streams():
    addresses = [(s, p, b) for s in (0, 1) for p in ("order", "noise") for b in (0, 1)]
    draws = [tuple(rng.stream(*a).integers(0, 2**60, 4)) for a in addresses]
    assert len(set(draws)) == len(addresses)
    assert len({rng.integer_seed(*a) for a in addresses}) == len(addresses)


def test_address_is_all_that_counts():
    rng.stream(5, "order", 0).random(1000)
    np.testing.assert_array_equal(rng.stream(5, "order", 3).random(8), rng.stream(5, "order", 3).random(8))


def test_streams_are_pinned():
    # A change here changes every number of the book.
    assert rng.stream(3, "batch order", 7).permutation(6).tolist() == [3, 0, 5, 2, 1, 4]


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_seed_is_a_whole_number(seed):
    with pytest.raises(ValueError, match="`seed`"):
        rng.stream(seed, "order")


@pytest.mark.parametrize(
    "address", [(0, "x", 0), (7, "order", 3), (2**32 - 1, "a", 1), (2**32, "a", 1), (5, "a", 2**32)]
)
def test_the_short_way_to_a_stream_leads_to_the_same_stream(address):
    seed, purpose, block = address
    word = int.from_bytes(hashlib.blake2s(purpose.encode(), digest_size=8).digest(), "little")
    plain = np.random.SeedSequence(seed, spawn_key=(word & 0xFFFFFFFF, word >> 32, block))
    np.testing.assert_array_equal(
        rng.stream(*address).integers(0, 2**60, 4), np.random.Generator(np.random.PCG64(plain)).integers(0, 2**60, 4)
    )
