"""Dropout masks: the generator is Philox4x64-10 as published, and the masks are what the protocol says."""

import numpy as np
import pytest

from chainrule.engine.dropout import mask, masks

MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
BITS = 2**64


def philox(counter, key):
    """Philox4x64-10 of Salmon et al. 2011, written out in whole numbers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        (high0, low0), (high1, low1) = (divmod(m * x, BITS) for m, x in zip(MULTIPLIERS, (c[0], c[2]), strict=True))
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(x + w) % BITS for x, w in zip(k, WEYL, strict=True)]
    return c


def test_the_generator_gives_the_published_numbers():
    """The known answers of Random123's kat_vectors for philox4x64 10."""
    assert philox([0] * 4, [0] * 2) == [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]
    ones = BITS - 1
    expected = [0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0]
    assert philox([ones] * 4, [ones] * 2) == expected


@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_a_mask_is_what_the_protocol_says(seed):
    rate, rows, units, layer, step = 0.3, 5, 7, 2, 9
    found = mask(rate, (rows, units), np.float64, seed=seed, layer=layer, step=step)
    for i in range(rows):
        for j in range(units):
            e = i * units + j
            word = philox([1 + e // 8, layer, step, 0], [seed, 0])[e // 2 % 4]
            u = word >> 32 if e % 2 else word % 2**32
            assert found[i, j] == (1 / (1 - rate) if u >= int(rate * 2**32) else 0)


def test_a_smaller_batch_draws_the_beginning_of_a_larger_one():
    large, small = (mask(0.5, (n, 6), float, seed=1, layer=1, step=1) for n in (9, 4))
    np.testing.assert_array_equal(large[:4], small)


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.9])
def test_the_share_kept_and_the_mean(rate):
    n = 200_000
    found = mask(rate, (n // 100, 100), np.float64, seed=3, layer=0, step=1)
    kept = np.count_nonzero(found) / n
    assert abs(kept - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / n)  # five standard deviations
    np.testing.assert_allclose(found[found > 0], 1 / (1 - rate), rtol=1e-15)
    for axis in (0, 1):  # no row and no column is favoured
        counts = np.count_nonzero(found, axis=axis)
        m = found.shape[axis]
        assert np.abs(counts / m - (1 - rate)).max() < 6 * np.sqrt(rate * (1 - rate) / m)


def test_seeds_layers_and_steps_draw_apart():
    base = {"seed": 1, "layer": 1, "step": 1}
    first = mask(0.5, (100, 100), float, **base) > 0
    for name in base:
        other = mask(0.5, (100, 100), float, **base | {name: 2}) > 0
        assert abs(np.mean(first == other) - 0.5) < 5 * 0.5 / 100


def test_a_rate_of_zero_draws_nothing_and_the_dtype_is_kept():
    found = masks((0.0, 0.5), (3, 4, 2), 6, np.float32, seed=0, step=1)
    assert found[0] is None
    assert found[1].dtype == np.float32
    assert found[1].shape == (6, 4)
