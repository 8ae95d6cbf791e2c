"""Settings, all of which can be given through environment variables or a .env file (see .env.example).

With none given, PostgreSQL, Redis and MLflow run embedded under var/ (decision D11). There is one code path:
Postgres is always Postgres and Redis is always Redis, whoever runs them.
"""

from __future__ import annotations

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from mlopspro import embedded
from mlopspro.schedule import beat_schedule

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
embedded.read_dotenv()

# --- Mode -----------------------------------------------------------------------------------------------
PRODUCTION = env.bool("MLOPSPRO_PRODUCTION", default=False)
"""Behind HTTPS with real secrets. mlopspro.checks refuses to start a production that is not safe."""
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="") or embedded.secret_key()
SECRET_KEY_FALLBACKS = env.list("DJANGO_SECRET_KEY_FALLBACKS", default=[])
"""Keys from before a rotation: sessions and what is sealed in the database (mlopspro/core/sealing.py) still open."""
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- Where things live ------------------------------------------------------------------------------------
VAR_DIR = embedded.var_dir()
DATA_ROOT = env.path("MLOPSPRO_DATA_ROOT", default=str(VAR_DIR / "data"))
DATA_ROOT = Path(str(DATA_ROOT))
"""Dataset snapshots and artifacts. Several machines share it (a network file system); paths in the database are
relative to it and always made by the server."""

# --- Applications -----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "mlopspro",
    "mlopspro.core",
    "mlopspro.accounts",
    "experiments",
    "monitoring",
    "retraining",
    "mlopspro.serving",
    "mlopspro.insights",
    "mlopspro.tour",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_celery_beat",
    "django_htmx",
    "lucide",
    "template_partials",
]
MIDDLEWARE = [
    # Outermost, so that it sees what people wait for.
    "monitoring.middleware.RequestTimesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Pages are text; BREACH is met by the random padding it adds and by masked CSRF tokens.
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mlopspro.core.middleware.RequestIdMiddleware",
    "csp.middleware.CSPMiddleware",
    "mlopspro.core.middleware.DatabaseUnavailableMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mlopspro.accounts.middleware.SessionLifetimeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "mlopspro.accounts.middleware.WorkspaceMiddleware",
    "mlopspro.accounts.middleware.DenyByDefaultMiddleware",
    "mlopspro.insights.middleware.PartUseMiddleware",
    "mlopspro.core.middleware.PrivatePagesMiddleware",
]
ROOT_URLCONF = "mlopspro.urls"
WSGI_APPLICATION = "mlopspro.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mlopspro.core.context.shell",
            ],
            "builtins": ["mlopspro.core.templatetags.ui"],
        },
    }
]

# --- Database -----------------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url_config(env.str("DATABASE_URL", default="") or embedded.database_url())}
DATABASES["default"] |= {
    "CONN_MAX_AGE": 60,
    # Measured: with these two a Postgres restart costs no failed request; a pool without checks costs three.
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        **DATABASES["default"].get("OPTIONS", {}),
        "connect_timeout": 3,
        "options": "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000",
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: the broker and the cache, never the truth ------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="") or embedded.redis_url()
CACHES = {
    "default": {
        "BACKEND": "mlopspro.core.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "mlopspro",
        "OPTIONS": {
            "serializer": "mlopspro.core.cache.JSONSerializer",
            "socket_connect_timeout": 0.5,
            "socket_timeout": 0.5,
        },
    }
}

# --- Celery: messages only ring a bell (experiments.jobs.queue), so they are acknowledged early and may be lost ---
# No result backend and no cancel-on-connection-loss: either loses work when Redis restarts (docs/decisions.md).
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TIMEZONE = "UTC"
CELERY_VISIBILITY_TIMEOUT = 120
# A short visibility timeout is safe because a message delivered again finds nothing to claim and ends at once.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": CELERY_VISIBILITY_TIMEOUT,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
CELERY_TASK_DEFAULT_QUEUE = "io"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
LOGGED_RUNS_SECONDS = env.float("MLOPSPRO_LOGGED_RUNS_SECONDS", default=30.0)
"""How often the runs are read which others log straight to the MLflow server."""
JUDGE_SECONDS = env.float("MLOPSPRO_JUDGE_SECONDS", default=60.0)
"""How often it is asked which models are due for a check or a decision (docs/monitoring.md, docs/retraining.md)."""
CHECK_SECONDS = env.float("MLOPSPRO_CHECK_SECONDS", default=300.0)
"""An area of a model whose newest scheduled check is older than this is due."""
DECIDE_SECONDS = env.float("MLOPSPRO_DECIDE_SECONDS", default=300.0)
"""A live model whose newest scheduled decision is older than this is decided on (docs/retraining.md)."""
AUTOMATION = env.bool("MLOPSPRO_AUTOMATION", default=True)
"""Off: no model of this installation retrains by itself, whatever its policy says."""
LOOP_SECONDS = env.float("MLOPSPRO_LOOP_SECONDS", default=10.0)
"""How often windows of the prediction log are computed and retrainings moved on."""
CELERY_BEAT_SCHEDULE = beat_schedule(LOGGED_RUNS_SECONDS, JUDGE_SECONDS, LOOP_SECONDS)

# --- Jobs -----------------------------------------------------------------------------------------------------
JOB_HEARTBEAT_SECONDS = env.float("MLOPSPRO_JOB_HEARTBEAT_SECONDS", default=5.0)
JOB_LEASE_SECONDS = env.float("MLOPSPRO_JOB_LEASE_SECONDS", default=30.0)
JOB_MAX_ATTEMPTS = env.int("MLOPSPRO_JOB_MAX_ATTEMPTS", default=3)
JOB_TIME_LIMIT_SECONDS = env.float("MLOPSPRO_JOB_TIME_LIMIT_SECONDS", default=6 * 3600)
JOB_MEMORY_LIMIT_MB = env.int("MLOPSPRO_JOB_MEMORY_LIMIT_MB", default=0)
"""0 = none. Address space an attempt may take; past it the run fails with "out of memory"."""
JOB_WARM_SPARE = env.bool("MLOPSPRO_JOB_WARM_SPARE", default=True)
"""Keep one trainer process per slot started ahead, with TensorFlow imported, so that a run starts at once."""
TRAIN_MAX_PROCESSES = env.int("MLOPSPRO_TRAIN_MAX_PROCESSES", default=4)
"""Among how many processes one training may be spread (docs/how-to/distributed-training.md), up to 16."""
TRAIN_TRANSPORT = env.str("MLOPSPRO_TRAIN_TRANSPORT", default="sockets")
"""How they add up gradients: sockets between them, or grpc, TensorFlow's own, whose ports are open to the network."""
if TRAIN_TRANSPORT not in ("sockets", "grpc"):
    raise ImproperlyConfigured(f"MLOPSPRO_TRAIN_TRANSPORT is {TRAIN_TRANSPORT!r}; accepted: sockets, grpc.")
TRAIN_MEMORY_MB = env.int("MLOPSPRO_TRAIN_MEMORY_MB", default=0)
"""What one training may be expected to take; more is refused before the launch. 0: the machine's memory."""
JOB_QUEUE_LIMIT = env.int("MLOPSPRO_JOB_QUEUE_LIMIT", default=200)
"""Jobs of one workspace that may wait or run at a time; one more is refused with a clear message."""

# --- Serving ---------------------------------------------------------------------------------------------------
SERVING_POLL_SECONDS = env.float("MLOPSPRO_SERVING_POLL_SECONDS", default=1.0)
"""How often a web process asks what is live. 0: no thread, each call looks for itself (commands, tests)."""

# --- The history of runs ----------------------------------------------------------------------------------------
HISTORY_TIMEOUT_SECONDS = env.float("MLOPSPRO_HISTORY_TIMEOUT_SECONDS", default=5.0)
"""A search that takes longer ends with an answer that says how to narrow it."""

# --- Health of the installation (docs/operations.md) -------------------------------------------------------------
BEAT_SECONDS = env.float("MLOPSPRO_BEAT_SECONDS", default=10.0)
"""How often each process says that it lives; three that fail to come, and it counts as lost. 0: not at all."""
HEALTH_THRESHOLDS = env.dict("MLOPSPRO_HEALTH", default={})
"""Other thresholds than those of monitoring/services/health_rules.py: {rule: "degraded/unhealthy"}."""
METRICS_TOKEN = env.str("MLOPSPRO_METRICS_TOKEN", default="")
"""With it as bearer token /metrics tells of the whole installation; API keys see their own workspace's models."""

# --- Prediction log (docs/prediction-log.md) ----------------------------------------------------------------------
LOG_KEEP_DAYS = env.int("MLOPSPRO_LOG_KEEP_DAYS", default=30)
"""Whole days before today that predictions stay in the database; older ones leave it as compressed daily files."""
if LOG_KEEP_DAYS < 1:
    raise ImproperlyConfigured(f"MLOPSPRO_LOG_KEEP_DAYS is {LOG_KEEP_DAYS}; accepted: 1 or more.")
PREDICTION_LOG_DIR = Path(env.str("MLOPSPRO_PREDICTION_LOG_DIR", default="") or VAR_DIR / "prediction-log")
"""Entries that are not in the database yet: on a disk of the machine itself, shared by web and log shipper."""
LOG_DAILY_FILES = env.bool("MLOPSPRO_LOG_DAILY_FILES", default=True)
"""Write a day's files once it is over; without it, only before the day leaves the database."""
LOG_MAX_BODY_BYTES = 8 * 1024 * 1024
LOG_MAX_ROWS = 10_000
"""Of one request with predictions or feedback."""
LOG_ROWS_PER_MINUTE = env.int("MLOPSPRO_LOG_ROWS_PER_MINUTE", default=3_000_000)
"""Rows that one API key may send in a minute to one web process; 0 is without limit."""

# --- Windows of the prediction log ------------------------------------------------------------------------------
LOG_MINUTES_KEEP_DAYS = env.int("MLOPSPRO_LOG_MINUTES_KEEP_DAYS", default=2)
LOG_HOURS_KEEP_DAYS = env.int("MLOPSPRO_LOG_HOURS_KEEP_DAYS", default=90)
"""Whole days before today that windows of a minute and of an hour are kept; windows of a day stay for ever."""

# --- Where alerts are sent to (docs/alerts.md) ---------------------------------------------------------------------
ALLOW_HTTP_TARGETS = env.bool("MLOPSPRO_ALLOW_HTTP_TARGETS", default=False)
"""Webhooks may be posted to without TLS."""
ALLOWED_TARGETS = env.list("MLOPSPRO_ALLOWED_TARGETS", default=[])
"""Hosts and networks (CIDR) that webhooks may be posted to although they are not public, at any port."""

# --- Trackers ---------------------------------------------------------------------------------------------------
PUBLIC_URL = env.str("MLOPSPRO_PUBLIC_URL", default="")
"""Address of this site as a browser reaches it; trackers get links to runs where it is set."""
MLFLOW_TRACKING_URI = env.str("MLFLOW_TRACKING_URI", default="") or embedded.mlflow_uri()
MLFLOW_PUBLIC_URL = env.str("MLFLOW_PUBLIC_URL", default="") or MLFLOW_TRACKING_URI
"""Address of MLflow's own pages as a browser reaches it."""
WANDB_API_KEY = env.str("WANDB_API_KEY", default="")
WANDB_BASE_URL = env.str("WANDB_BASE_URL", default="https://api.wandb.ai")
WANDB_PROJECT = env.str("WANDB_PROJECT", default="mlopspro")
WANDB_ENTITY = env.str("WANDB_ENTITY", default="")
TRACKER_TIMEOUT_SECONDS = env.float("MLOPSPRO_TRACKER_TIMEOUT_SECONDS", default=5.0)
# The assistant: without an address the built-in rules answer; with one, messages go there.
ASSISTANT_URL = env.str("ASSISTANT_URL", default="")
ASSISTANT_MODEL = env.str("ASSISTANT_MODEL", default="")
ASSISTANT_API_KEY = env.str("ASSISTANT_API_KEY", default="")

LOGGED_RUNS_WORKSPACE = env.str("MLOPSPRO_LOGGED_RUNS_WORKSPACE", default="default")
"""Slug of the workspace that runs are put into which others log straight to the MLflow server."""
LOGGED_RUNS_EXPERIMENTS = env.list("MLOPSPRO_LOGGED_RUNS_EXPERIMENTS", default=["*"])
"""Names of the MLflow experiments whose runs are read; * and ? stand for any text and any character."""
LOGGED_RUNS_SWEEP_SECONDS = env.float("MLOPSPRO_LOGGED_RUNS_SWEEP_SECONDS", default=600.0)
"""How often every run is compared with MLflow. New and running ones are looked at with every reading."""
LOGGED_FILE_BYTES = env.int("MLOPSPRO_LOGGED_FILE_MB", default=5) * 1024 * 1024
LOGGED_RUN_BYTES = env.int("MLOPSPRO_LOGGED_RUN_MB", default=50) * 1024 * 1024
"""Files of such runs are copied here up to this size each, and up to this size a run; larger ones are only listed."""

# --- People and access --------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "login": "mlopspro.accounts.forms_sign_in.SignInForm",
    "reset_password": "mlopspro.accounts.forms_sign_in.AskForLinkForm",
    "reset_password_from_key": "mlopspro.accounts.forms_sign_in.NewPasswordForm",
    "change_password": "mlopspro.accounts.forms_sign_in.ChangePasswordForm",
    "set_password": "mlopspro.accounts.forms_sign_in.SetPasswordForm",
}
ACCOUNT_ADAPTER = "mlopspro.accounts.adapters.ClosedAccountAdapter"
SOCIALACCOUNT_ADAPTER = "mlopspro.accounts.adapters.KnownPeopleSocialAdapter"
SOCIALACCOUNT_PROVIDERS: dict[str, object] = {}
OIDC_ORIGINS: list[str] = []
if env.str("OIDC_SERVER_URL", default=""):
    OIDC_ORIGINS = ["/".join(env.str("OIDC_SERVER_URL").split("/", 3)[:3])]
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": env.str("OIDC_NAME", default="Single sign-on"),
                "client_id": env.str("OIDC_CLIENT_ID"),
                "secret": env.str("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": env.str("OIDC_SERVER_URL")},
            }
        ],
    }
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_ABSOLUTE_SECONDS = 7 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# --- HTTP ------------------------------------------------------------------------------------------------------
if PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if env.bool("TRUST_PROXY_HEADERS", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        # Brakes and the audit trail count by the address that our own proxy saw, not by what a client claims.
        ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=1)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        # Browsers hold redirects after a form to this too, so single sign-on needs its provider's origin here.
        "form-action": [SELF, *OIDC_ORIGINS],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
MAX_UPLOAD_BYTES = env.int("MLOPSPRO_MAX_UPLOAD_MB", default=1024) * 1024 * 1024
API_MAX_BODY_BYTES = 1024 * 1024

# --- Static files ---------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("MLOPSPRO_STATIC_ROOT", default="") or VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "mlopspro.assets.VendorFinder",
]
# Compressing all once took 35 s of processor time, most of it for files that nobody asks for; like this it takes 7 s.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", "png", "jpg", "jpeg", "gif", "webp", "woff", "woff2", "gz", "br", "zip")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# Only hashed names are ever linked to, so the others need not be compressed and kept.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# --- Language and time ------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# --- Mail and logs -----------------------------------------------------------------------------------------------
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="mlopspro@localhost")
EMAIL_TIMEOUT = env.float("MLOPSPRO_EMAIL_TIMEOUT_SECONDS", default=5.0)
"""Longest wait for each step of the mail server; Django's own default is for ever."""
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING_CONFIG = "mlopspro.core.logs.configure"
LOGGING = {"level": LOG_LEVEL, "json": env.bool("LOG_JSON", default=PRODUCTION)}

TEST_RUNNER = "django.test.runner.DiscoverRunner"
