# tracehub in a container: data in /data, web UI and API on port 8321, with TRACEHUB_PROXY=true the proxy on port 8322.
#
#   docker build -t tracehub .
#   docker run -p 8321:8321 -v tracehub:/data -e TRACEHUB_API_KEYS=<16 characters or more> tracehub
#
# The container listens on all addresses, so it refuses to start without TRACEHUB_API_KEYS.

FROM python:3.12-slim AS build
WORKDIR /source
RUN python -m venv /opt/tracehub
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && /opt/tracehub/bin/pip install --no-cache-dir -c requirements/dev.txt /wheels/*.whl

FROM python:3.12-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tracehub \
    && install -d -o tracehub -g tracehub /data
COPY --from=build /opt/tracehub /opt/tracehub
ENV PATH=/opt/tracehub/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TRACEHUB_DATABASE_URL=sqlite:////data/tracehub.db \
    TRACEHUB_PROXY_HOST=0.0.0.0
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8321 8322
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8321/healthz', timeout=4)"]
CMD ["tracehub", "serve", "--host", "0.0.0.0"]
