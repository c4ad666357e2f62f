# The static program and certificate authorities, nothing else; .ci/image builds it for each
# architecture. No ENTRYPOINT: a container runs `smartextract token`, or another program that is
# mounted. No USER: a mounted secret with mode 0600 must be readable.
FROM scratch
ARG TARGETARCH
COPY $TARGETARCH/smartextract /usr/local/bin/smartextract
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV PATH=/usr/local/bin
CMD ["smartextract", "--help"]
