# Two stages: the first installs what requirements.lock pins, by hash; the second holds that and the code, runs as
# a user of its own and has neither pip's cache nor a compiler.
#
# The base is one image, whatever the tag points to by then. For the one of today, with its security updates:
# docker buildx imagetools inspect python:3.11-slim
ARG BASE=python:3.11-slim@sha256:9c900dea9e8fb7e16277c179b555cc72d29a352dbc33cff48ad5a0412fd5bfc7

FROM ${BASE} AS build
COPY requirements.lock .
RUN python -m venv /opt/mudda \
    && /opt/mudda/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
       --require-hashes --only-binary :all: --requirement requirements.lock \
    # Descriptions of every API of Google's, 100 MB of them; the SDK asks none of them here.
    && rm -r /opt/mudda/lib/python3.11/site-packages/googleapiclient/discovery_cache/documents

FROM ${BASE}
ENV PATH=/opt/mudda/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LOG_FORMAT=json \
    MUDDA_HOME=/var/lib/mudda
RUN useradd --system --uid 10001 --home-dir /var/lib/mudda --create-home --shell /usr/sbin/nologin mudda
COPY --from=build /opt/mudda /opt/mudda
WORKDIR /srv/mudda
COPY db db
COPY services services
COPY bot bot
# The command, as a wheel would install it.
RUN printf '#!/bin/sh\nexec python -m bot "$@"\n' >/usr/local/bin/mudda && chmod 755 /usr/local/bin/mudda
ENV PYTHONPATH=/srv/mudda
USER mudda
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '3000') + '/healthz', timeout=2)"]
# In this form python is process 1 and gets the SIGTERM itself.
CMD ["python", "-m", "bot", "serve"]
