"""What a run does, by kind: training, evaluation or backtest of a recommender or of a model on a table.

Each is a class with the four steps of ``steps.Work``; ``kinds.work_for`` chooses, ``services.training`` carries out.
"""
