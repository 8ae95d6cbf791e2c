"""Which run is really better: paired statistics over users, from the per-user results that evaluations store.

per_user.read(path, protocol, *, columns=None, segment="all") -> PerUser
per_user.metrics_available(path) -> {protocol: (metric, ...)}
estimators.estimator_for(protocol, name) -> Estimator | None
verdict.compare(runs, metric, protocol, *, confidence=0.95, seed=..., minimum_users=30, estimator=None) -> Comparison
verdict.sentence(pair, names, metric_label) -> str
verdict.best_of(comparison) -> Best; verdict.best_sentence(comparison, names, metric_label) -> str
seeds.over_seeds(values, *, confidence=0.95) -> OverSeeds
comparability.comparability(records) -> Comparability
"""
