"""A fit among several processes has the numbers of one, and ends plainly when one of them is lost."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments.learning.distributed import handover
from experiments.learning.distributed.errors import PeerLost
from experiments.learning.distributed.exchange import ChiefExchange, PeerExchange
from experiments.learning.distributed.fit import can_be_shared, fit
from experiments.learning.distributed.handover import Order
from experiments.learning.recommenders.base import StopTraining
from experiments.learning.recommenders.registry import ARCHITECTURES, get
from experiments.tests.peers import peers
from experiments.tests.recommenders.tiny import QUICK, VARIANTS, Recorder, all_scores, ratings

pytestmark = pytest.mark.timeout(240)
TOLERANCE = 1e-4
KEYS = ["hybrid", "hybrid_joint", "hybrid_ranking", "two_tower", "sasrec", "bert4rec"]
ROOT = Path(__file__).resolve().parents[3]


def settings_of(key):
    of, changes = VARIANTS.get(key, (key, {}))
    return get(of), get(of).validate(QUICK[of] | changes)


def alone(key, observer=None, **further):
    architecture, parameters = settings_of(key)
    return architecture.fit(ratings(), parameters, seed=0, observer=observer or Recorder(), **further)


@pytest.fixture(scope="module")
def shared():
    """One fit of each architecture with another process, whose start serves all of them."""
    from experiments.learning.recommenders.keras_net import share

    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "experiments.tests.recommenders.along", str(theirs.fileno()), *KEYS]
    process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
    theirs.close()
    found = {}
    try:
        for key in KEYS:
            seen = Recorder()
            with share.among(ChiefExchange([ours])):
                found[key] = alone(key, seen), seen
        process.wait(60)
    finally:
        process.kill()
        process.wait()
        ours.close()
    return found


@pytest.mark.parametrize("key", KEYS)
def test_two_processes_give_what_one_gives(key, shared):
    fitted, seen = shared[key]
    expected = Recorder()
    one = alone(key, expected)
    assert np.abs(all_scores(fitted, ratings()) - all_scores(one, ratings())).max() < TOLERANCE
    assert list(seen.epochs) == list(expected.epochs)
    for epoch, values in expected.epochs.items():
        assert seen.epochs[epoch] == pytest.approx(values, abs=TOLERANCE), epoch
    assert fitted.best_epoch == one.best_epoch


class Killer(Recorder):
    """Kills the other process after the first epoch."""

    def on_epoch(self, epoch, values, save):
        super().on_epoch(epoch, values, save)
        for peer in peers():
            peer.kill()


def test_a_fit_that_was_interrupted_goes_on_among_two(tmp_path):
    architecture, parameters = settings_of("two_tower")
    with pytest.raises(StopTraining):
        alone("two_tower", Recorder(tmp_path, stop_after=2))
    rest = Recorder()
    found = fit(architecture, ratings(), parameters, processes=2, seed=0, observer=rest, resume_from=tmp_path / "2")
    assert list(rest.epochs) == [3, 4]
    assert np.abs(all_scores(found, ratings()) - all_scores(alone("two_tower"), ratings())).max() < TOLERANCE
    assert found.details["processes"] == {"count": 2, "transport": "sockets"}
    assert peers() == []


def test_a_process_that_dies_ends_the_fit_with_what_became_of_it():
    architecture, parameters = settings_of("hybrid")
    with pytest.raises(PeerLost, match="training process 2 of 2 was ended by SIGKILL"):
        fit(architecture, ratings(), parameters, processes=2, seed=0, observer=Killer())
    assert peers() == []


OVER_GRPC = """
import json, sys
from experiments.learning.distributed.fit import fit
from experiments.tests.recommenders.test_distributed import settings_of
from experiments.tests.recommenders.tiny import Recorder, all_scores, ratings

architecture, parameters = settings_of("hybrid_joint")
found = fit(architecture, ratings(), parameters, processes=2, seed=0, observer=Recorder(), transport="grpc")
print(json.dumps(all_scores(found, ratings()).tolist()))
"""


def test_tensorflows_own_strategy_gives_the_same():
    """In a process of its own: the strategy must be made before TensorFlow does anything else."""
    run = subprocess.run(
        [sys.executable, "-c", OVER_GRPC], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    scores = np.array(json.loads(run.stdout.splitlines()[-1]))
    assert np.abs(scores - all_scores(alone("hybrid_joint"), ratings())).max() < TOLERANCE


def test_sums_are_made_in_the_order_of_ranks_and_told_to_all():
    pairs = [socket.socketpair() for _ in range(2)]
    chief = ChiefExchange([ours for ours, _ in pairs])
    values = np.array([[1e8, 1, 0.1], [1, 2, 0.2], [-1e8, 3, 0.3]], np.float32)
    for (_, theirs), sent in zip(pairs, values[1:], strict=True):
        theirs.sendall(sent.tobytes())
    total = chief.added(values[0])
    assert np.array_equal(total, (values[0] + values[1]) + values[2])
    for _, theirs in pairs:
        assert np.array_equal(np.frombuffer(theirs.recv(64), np.float32), total)


def test_a_peer_without_its_chief_says_so():
    ours, theirs = socket.socketpair()
    ours.close()
    with pytest.raises(PeerLost, match="the first training process ended"):
        PeerExchange(theirs, 1, 2).added(np.zeros(3, np.float32))


def test_what_is_handed_over_is_what_was_there(tmp_path):
    data = ratings()
    order = Order("two_tower", {"epochs": 2}, 7, None, 2, [])
    handover.write(tmp_path, order, data)
    read, found = handover.read(tmp_path)
    assert read == order
    assert found.scale == data.scale
    for fold in ("train", "validation"):
        for name in ("user", "item", "value", "timestamp"):
            assert np.array_equal(getattr(getattr(found, fold), name), getattr(getattr(data, fold), name))
    assert np.array_equal(found.item_features, data.item_features)


def test_keras_networks_alone_can_be_spread():
    assert {key for key, one in ARCHITECTURES.items() if can_be_shared(one)} == {
        "hybrid",
        "hybrid_biased",
        "two_tower",
        "sasrec",
        "bert4rec",
    }
