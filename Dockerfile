# One image for all that is ours: the assistant that drills break, the Zep double, the fault gateway.
FROM python:3.12-slim
WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY guard guard
COPY chaos chaos
COPY drills drills
COPY reports/*.py reports/
COPY reports/templates reports/templates
RUN python -m pip install --no-cache-dir '.[drills,redact]' \
    && useradd --system --uid 10001 --home-dir /tmp drill \
    && rm -rf /app/*
USER drill
