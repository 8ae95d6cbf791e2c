"""What the addresses of monitoring point at, for the walk over all routes; one file a part, imported here."""

from monitoring.tests import (
    objects_alerts,  # noqa: F401
    objects_channels,  # noqa: F401
    objects_drift,  # noqa: F401
    objects_judged,  # noqa: F401
    objects_judging,  # noqa: F401
    objects_windows,  # noqa: F401  its entries register themselves
)
