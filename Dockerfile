FROM python:3.12.13-slim-trixie

# The number is written down, because files of the host and tmpfs know users by it. The folder is that of NEWSGATE_HOME: a
# volume that is mounted there takes over whose it is.
RUN useradd --create-home --uid 10001 newsgate \
    && install --directory --owner=newsgate --group=newsgate --mode=0700 /var/lib/newsgate
WORKDIR /src

# What is installed: `server` for everything but training, the page and metrics included; `training` for that too, which is
# ten times as large.
ARG LOCK=server
COPY requirements/${LOCK}.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/${LOCK}.txt

COPY . .
# What builds the package stands in the lock files too, so nothing unlocked is fetched here. The compiler goes again: only
# the library it makes is used.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && pip install --no-cache-dir --no-deps --no-build-isolation . \
    && apt-get purge -y --auto-remove gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*

USER newsgate
WORKDIR /home/newsgate
CMD ["newsgate", "worker"]
