# An image with Python, what requirements.lock names, and Viewgraph: no shell, no package manager, no root.
# docs/how-to/containers.md says how to build and to run it. A test runs these steps without Docker.

FROM debian:bookworm-slim AS build
# Debian keeps one version of each package in a release, and mends it there.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils ca-certificates python3-venv \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /build
COPY requirements.lock ./
RUN python3 -m venv /opt/viewgraph \
    && /opt/viewgraph/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY LICENSE README.md pyproject.toml ./
COPY src src
RUN /opt/viewgraph/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/viewgraph/bin/pip uninstall --yes setuptools pip \
    && find /opt/viewgraph -type d -name tests -prune -exec rm -r {} + \
    && find /opt/viewgraph -name '*.pyi' -delete -o -name '*.pxd' -delete -o -name '*.a' -delete -o -name '*.h' -delete \
    && find /opt/viewgraph -name '*.so' -not -path '*.libs/*' -exec strip --strip-unneeded {} +

# What the image has of Debian: Python, and the libraries that it and the wheels need.
WORKDIR /packages
RUN apt-get update && apt-get download \
        libbz2-1.0 libc6 libcrypt1 libexpat1 libffi8 libgcc-s1 liblzma5 libpython3.11-minimal libpython3.11-stdlib \
        libsqlite3-0 libssl3 libstdc++6 libuuid1 python3.11-minimal python3-minimal zlib1g \
    && find . -name '*.deb' -exec dpkg-deb --extract {} /image \; \
    && rm -r /image/usr/share/doc /image/usr/share/man /image/usr/lib/*/gconv \
    && install -D /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
    && ln -s certs/ca-certificates.crt /image/etc/ssl/cert.pem \
    && echo 'viewgraph:x:10001:10001::/data:/sbin/nologin' > /image/etc/passwd \
    && install -d -o 10001 -g 10001 /image/data && install -d -m 1777 /image/tmp

FROM scratch
COPY --from=build /image /
COPY --from=build /opt/viewgraph /opt/viewgraph
ENV PATH=/opt/viewgraph/bin:/usr/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    VIEWGRAPH_DATABASE_URL=sqlite:////data/viewgraph.sqlite3 \
    VIEWGRAPH_HOST=0.0.0.0
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-Ic", "import os, http.client as h; \
    c = h.HTTPConnection('127.0.0.1', int(os.environ.get('VIEWGRAPH_PORT', 8000)), timeout=3); \
    c.request('GET', '/livez'); exit(c.getresponse().status != 200)"]
ENTRYPOINT ["viewgraph"]
CMD ["serve"]
