"""What a fit takes is estimated from counts, and refused before the launch where it is more than there is."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from experiments.learning.architectures import get
from experiments.learning.recommenders import item_weights
from experiments.learning.recommenders.memory import LARGEST_SCORES, Size
from experiments.learning.recommenders.registry import ARCHITECTURES
from experiments.models import RunType
from experiments.services import launch_limits
from experiments.tests.factories import make_dataset, make_workspace
from experiments.tests.recommenders.tiny import QUICK

GIB = 2**30


def need(key, size, **parameters):
    architecture = get(key)
    return architecture.memory(architecture.validate(parameters), size)


def test_ease_takes_twelve_bytes_a_pair_of_items_and_what_it_refuses_itself_is_refused():
    most = int((item_weights.MAX_GRAM_BYTES // 8) ** 0.5)
    fits, exceeds = (need("ease", Size(100, items, 10_000)) for items in (most, most + 1))
    assert fits.bytes == 12 * most**2 <= fits.most
    assert exceeds.bytes > exceeds.most


def test_the_estimate_of_ease_covers_what_numpy_really_takes():
    items = 600
    history = np.random.default_rng(0).random((50, items)) < 0.1
    from scipy import sparse

    tracemalloc.start()
    item_weights.item_weights(sparse.csr_array(history.astype(np.float32)), 10.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.9 < peak / need("ease", Size(50, items, 3_000)).bytes < 2.5


def test_a_sequence_model_says_which_product_fits():
    items = 100_000
    found = need("sasrec", Size(10, items, 1_000), batch_size=4096, max_length=1000)
    assert found.bytes > found.most
    fitting = LARGEST_SCORES // items
    assert f"up to {fitting:,}" in found.instead
    fits = need("sasrec", Size(10, items, 1_000), batch_size=fitting // 10, max_length=10)
    assert fits.bytes <= fits.most


@pytest.mark.parametrize("key", [key for key, one in ARCHITECTURES.items() if one.memory])
def test_more_items_never_need_less(key):
    sizes = [need(key, Size(1_000, items, 100_000), **QUICK[key]).bytes for items in (100, 10_000, 1_000_000)]
    assert sizes == sorted(set(sizes))


@pytest.mark.django_db
def test_what_does_not_fit_is_refused_with_the_estimate_and_what_to_take_instead(settings):
    dataset = make_dataset(make_workspace())
    dataset.num_users, dataset.num_items = 1_000, 100_000

    def refused(key, **parameters):
        return launch_limits.too_much(dataset, get(key), get(key).validate(parameters).model_dump(), 1, RunType.TRAIN)

    (problem,) = refused("ease")
    assert problem.field == "architecture"
    assert "would take about 111.8 GiB for weights between all of its 100,000 items" in problem.message
    assert "accepted: up to" in problem.message
    assert "implicit_als or bpr" in problem.message

    assert refused("hybrid") == []
    settings.TRAIN_MEMORY_MB = 10
    (problem,) = refused("hybrid", embedding_dim=512)
    assert (problem.field, "accepted: up to 10 MiB" in problem.message) == ("parameters.embedding_dim", True)
    assert refused("hybrid", embedding_dim=2) == []
    assert refused("popularity") == []
