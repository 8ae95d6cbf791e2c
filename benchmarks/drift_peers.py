"""Evidently's default preset; run by drift.py and drift_alarms.py in its own environment (pandas below 3).

python drift_peers.py columns ROWS REPETITIONS          seconds, extra memory and the columns it says moved
python drift_peers.py alarms N REPETITIONS [DRIFT]      for each seed, the signals it says moved
"""

import json
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def moved(reference, current, numbers, categories):
    """Names of the columns whose drift reaches the preset's own threshold."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)
    one, two = (Dataset.from_pandas(frame, data_definition=definition) for frame in (reference, current))
    snapshot = Report([DataDriftPreset()]).run(two, one).dict()
    found = []
    for metric in snapshot["metrics"]:
        if "ValueDrift" not in metric["metric_name"]:
            continue
        config, value = metric["config"], float(metric["value"])
        is_p_value = "p_value" in metric["metric_name"] or "p_value" in str(config.get("method"))
        threshold = config.get("threshold") or (0.05 if is_p_value else 0.1)
        if value < threshold if is_p_value else value >= threshold:
            found.append(config["column"])
    return found


def columns(rows, repetitions):
    from benchmarks.drift_columns import CATEGORIES, NUMBERS, made, peak, reset_peak

    one, two = pd.DataFrame(made(rows, 1, False)), pd.DataFrame(made(rows, 2, True))
    moved(one[:1000], two[:1000], NUMBERS, CATEGORIES)  # its libraries are loaded before memory counts
    before = reset_peak()
    seconds = []
    for _ in range(repetitions):
        began = time.perf_counter()
        found = moved(one, two, NUMBERS, CATEGORIES)
        seconds.append(time.perf_counter() - began)
    return {"seconds": seconds, "extra_mb": peak() - before, "moved": sorted(found)}


def alarms(n, repetitions, drift):
    from monitoring.tests.stats.scenes import KINDS, draw

    numbers = [name for name, kind in KINDS.items() if kind == "numeric"]
    others = [name for name in KINDS if name not in [*numbers, "exposure"]]
    out = []
    for seed in range(repetitions):
        rng = np.random.default_rng(seed)
        samples = [draw(rng, n), draw(rng, n, drift)]
        shown = [pd.DataFrame({"exposure": one.pop("exposure").astype(str)}) for one in samples]
        frames = [pd.DataFrame(one) for one in samples]
        for frame in frames:
            frame[others] = frame[others].astype(int).astype(str)
        out.append(moved(*frames, numbers, others) + moved(*shown, [], ["exposure"]))
    return {"moved": out}


if __name__ == "__main__":
    what, n, repetitions = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    answer = columns(n, repetitions) if what == "columns" else alarms(n, repetitions, "".join(sys.argv[4:5]))
    print(json.dumps(answer | {"evidently": version("evidently")}))
