# One image for every process; the command decides which (docker-compose.yml). Nothing runs as root.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin mlopspro
WORKDIR /app

# Packages first: they change less often than the code.
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt

COPY package.json package-lock.json .npmrc ./
COPY manage.py ./
COPY mlopspro ./mlopspro
COPY experiments ./experiments
COPY monitoring ./monitoring
COPY retraining ./retraining
COPY templates ./templates
COPY static ./static

# Values for the build alone, so that no secret is made into the image; nothing is connected to.
ENV MLOPSPRO_STATIC_ROOT=/app/static-collected MLOPSPRO_VAR=/var/lib/mlopspro
RUN export DJANGO_SECRET_KEY=build DATABASE_URL=postgresql://build@localhost/build \
           REDIS_URL=redis://localhost MLFLOW_TRACKING_URI=http://localhost \
    && python manage.py fetch_assets \
    && python manage.py collectstatic --no-input --verbosity 0 \
    && rm -rf /root/.npm \
    && mkdir -p "$MLOPSPRO_VAR" && chown mlopspro:mlopspro "$MLOPSPRO_VAR"

USER mlopspro
VOLUME /var/lib/mlopspro
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "mlopspro.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--no-control-socket", "--preload", "--timeout", "60", "--graceful-timeout", "10"]
