# aicost as a service. The knowledge base is compiled while the image is built, so that a container answers at once.
#   docker build -t aicost .
#   docker run -v aicost:/data -e SLACK_BOT_TOKEN -e SLACK_APP_TOKEN aicost
#   docker run --rm aicost ask "price of gpt-4o"

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY constraints.txt pyproject.toml README.md ./
COPY knowledge knowledge
COPY bot bot
COPY adapters adapters
RUN python -m venv /opt/aicost \
 && PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt /opt/aicost/bin/pip install -c constraints.txt ".[all]" \
 && /opt/aicost/bin/pip uninstall --yes pip setuptools
RUN AICOST_DATA_DIR=/data /opt/aicost/bin/aicost kb build

FROM python:3.11-slim
ENV PATH=/opt/aicost/bin:$PATH PYTHONUNBUFFERED=1 AICOST_DATA_DIR=/data AICOST_HOST=0.0.0.0 AICOST_PORT=8080
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin aicost
COPY --from=build /opt/aicost /opt/aicost
COPY --from=build --chown=aicost:aicost /data /data
USER aicost
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", \
  "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['AICOST_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["aicost"]
CMD ["serve"]
