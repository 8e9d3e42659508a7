# One image for all roles: `docker run … anxin up`, or docker-compose.yml. How to install it: docs/install.md.

FROM python:3.12-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/anxin
WORKDIR /src
# The packages change seldom, our own code often: so they are a layer of their own.
COPY requirements.lock ./
RUN /opt/anxin/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY alerts alerts
COPY anxin anxin
COPY bench bench
COPY dashboards dashboards
COPY devices devices
COPY gateway gateway
COPY simulator simulator
RUN /opt/anxin/bin/pip install --no-deps --no-build-isolation --no-index .


FROM python:3.12-slim-bookworm

# The number of the account `mosquitto` in the image eclipse-mosquitto: both then own the folder of the accounts.
ARG UID=1883
# The emergency sheet embeds its characters from a font of the image.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-noto-cjk && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid "$UID" anxin \
    && useradd --uid "$UID" --gid "$UID" --home-dir /var/lib/anxin --no-create-home --shell /usr/sbin/nologin anxin \
    && install -d -m 0700 -o anxin -g anxin /var/lib/anxin /var/cache/anxin /accounts
COPY --from=build /opt/anxin /opt/anxin

ENV PATH=/opt/anxin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    # Compiled kernels fit one kind of processor, so they are made at the first start and kept in a volume.
    XDG_CACHE_HOME=/var/cache \
    ANXIN_DATA_DIR=/var/lib/anxin \
    ANXIN_LOGS=stderr \
    ANXIN_CONSOLE__LISTEN=0.0.0.0
USER anxin
WORKDIR /var/lib/anxin
VOLUME ["/var/lib/anxin", "/var/cache/anxin"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=3m --retries=3 CMD ["python", "-m", "anxin.health"]
ENTRYPOINT ["anxin"]
CMD ["up"]
