"""The one place that imports TensorFlow and Keras, so that what must be set before is set before.

oneDNN's kernels choose their order of summation by themselves; on networks this small they are no faster either
(benchmarks/fit.py), so they are off. An explicit setting in the environment wins.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf

__all__ = ["keras", "tf"]
