"""Trained models as plain arrays, scored with NumPy. Serving imports this and never TensorFlow."""
