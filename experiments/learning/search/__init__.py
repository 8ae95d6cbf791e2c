"""Searching for hyperparameters: which values are tried, by what they are judged, and what they turn out to matter.

Pure code. Optuna draws the values (services/search_study.py); what it draws from is checked and described here.
"""
