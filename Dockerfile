FROM python:3.12-slim

RUN useradd --create-home newsgate
WORKDIR /src

COPY requirements/server.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/server.txt

COPY . .
# What builds the package stands in the lock file too, so nothing unlocked is fetched here.
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

USER newsgate
WORKDIR /home/newsgate
CMD ["newsgate", "worker"]
