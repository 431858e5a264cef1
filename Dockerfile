# The image of `kpi`: docker build -t crm-kpi-streams . && docker run --rm crm-kpi-streams --help
# The first stage has compilers, for what comes without a wheel for this machine.
FROM python:3.12.12-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv --without-pip /opt/kpi

# What it needs, in the versions of the lock: a layer that stays while only our own code changes.
COPY pyproject.toml requirements.lock ./
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
        >requirements.in \
    && pip --python /opt/kpi/bin/python install --requirement requirements.in --constraint requirements.lock

COPY README.md LICENSE ./
COPY schemas schemas
COPY streams streams
RUN pip --python /opt/kpi/bin/python install --no-deps .


FROM python:3.12.12-slim-bookworm

RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin kpi
COPY --from=build /opt/kpi /opt/kpi
ENV PATH=/opt/kpi/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 10001:10001
# Each command has pages of its own to be asked for its health: see docker-compose.yml.
ENTRYPOINT ["kpi"]
CMD ["--help"]
