# One image for page and workers; what it keeps is in the volume /outputs.
# --build-arg EXTRAS=production adds what DATABASE_URL, STORAGE_URL, QUEUE_URL and telemetry may ask for.
FROM python:3.13-slim AS build
WORKDIR /app
ARG EXTRAS=
COPY requirements.lock requirements-production.lock ./
# Gradio writes a seed beside its code at its first import: without it each start would draw a new one.
# Every package is the one of the lock, to the last byte. pip only built the environment; what is not there needs no update.
RUN python -m venv /venv \
    && /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes -r "requirements${EXTRAS:+-$EXTRAS}.lock" \
    && /venv/bin/python -c "import gradio" \
    && /venv/bin/python -m pip uninstall --yes --quiet pip \
    && rm requirements*.lock
COPY . .
RUN /venv/bin/python -m compileall -q .

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --home-dir /outputs studio \
    && install --directory --owner 10001 --group 10001 /outputs
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    OUTPUTS_DIR=/outputs
USER 10001
VOLUME /outputs
EXPOSE 7860
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-m", "studio", "health"]
CMD ["python", "app.py"]
