"""Trained models on tables as plain arrays, predicting with NumPy alone."""
