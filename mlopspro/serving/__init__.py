"""Answers requests with the models in production; writes each answer to the prediction log. Has no tables."""
