"""PostgreSQL, Redis and MLflow on this machine, for those who give no servers of their own (decision D11).

``DATABASE_URL``, ``REDIS_URL`` and ``MLFLOW_TRACKING_URI`` each replace one. Nothing outside this package and the
supervisor knows whether a server is embedded.
"""

from mlopspro.embedded.addresses import database_url, is_given, mlflow_uri, redis_url, secret_key
from mlopspro.embedded.commands import prepare_for_command
from mlopspro.embedded.lifecycle import ensure_running, hold, holders, release, service, settle_ports, stop
from mlopspro.embedded.paths import read_dotenv, var_dir
from mlopspro.embedded.service import ServiceError

__all__ = [
    "ServiceError",
    "database_url",
    "ensure_running",
    "hold",
    "holders",
    "is_given",
    "mlflow_uri",
    "prepare_for_command",
    "read_dotenv",
    "redis_url",
    "release",
    "secret_key",
    "service",
    "settle_ports",
    "stop",
    "var_dir",
]
