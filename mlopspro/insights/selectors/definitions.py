"""What each figure of insights means, in the words that stand beside it; docs/definitions.md has the same."""

from __future__ import annotations

VELOCITY = (
    "Experiments that ended in a week (Monday to Sunday, UTC), by how they ended; also those of searches, of "
    "retrainings, and those logged straight to MLflow."
)
QUALITY = (
    "Mean and best of one metric over the training runs that completed in a week, on one protocol and one dataset. "
    "Figures of different protocols are never put together."
)
PRODUCTION = (
    "From the end of a version's training run to the first moment it answered as champion. Versions that never came "
    "into production are not counted."
)
COST = (
    "Dollars of live errors a 1,000 decisions, from counts of answers with feedback, at each model's prices of today. "
    "Avoided = (cost a 1,000 of the replaced version over its last 28 days \u2212 cost a 1,000 of the new one) \u00b7 "
    "decisions of the new one / 1,000. It assumes that the replaced version would have gone on as in those 28 days. "
    "Answers without feedback are not counted and nothing is extrapolated."
)
RETRAININGS = (
    "Retrainings that began in a month, by how they ended. Gate: how much better the new version was than "
    "production's on the newest data, as a difference of scores or as a share of an error. Live: the model's headline "
    "metric over the replaced version's last 28 days and over the new one's days since, from answers with feedback."
)
ROLLBACKS = "Versions that were brought back into production, and canaries whose users were given back to the champion."
ALERTS = (
    "Alerts by the week in which they opened. Median time to acknowledge: until a person took it, of those that "
    "somebody took. Median time to resolve: until the signal was well again or a person closed it."
)
USE = (
    "People who opened a page, a day; the share of them who opened a part in the period; time with the product a "
    "person and active day, pauses under 30 minutes included. Nobody is named, and what fewer than 3 people did is "
    "not shown."
)
ALL = {
    "velocity": VELOCITY, "quality": QUALITY, "production": PRODUCTION, "cost": COST, "retrainings": RETRAININGS,
    "rollbacks": ROLLBACKS, "alerts": ALERTS, "use": USE,
}  # fmt: skip
