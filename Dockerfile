# `pipeline serve` in a container; docs/operating.md says what to set.
#   docker build --build-arg IMAGES=ADDRESS/dotnet -t pipeline .
# IMAGES is where .NET's images come from, Microsoft's registry or your mirror of it: no file here names a registry.
ARG IMAGES

FROM ${IMAGES}/sdk:10.0 AS build
WORKDIR /source
COPY . .
# The sources in the container have no Git to ask for a version.
ARG VERSION=0.1.0-dev
RUN dotnet publish src/Pipeline.Cli -c Release -p:Version=${VERSION} -o /app

FROM ${IMAGES}/aspnet:10.0
COPY --from=build /app /app
# The folder of state and output; a volume keeps the callback key over restarts.
WORKDIR /data
RUN chown $APP_UID /data
USER $APP_UID
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/app/Pipeline.Cli"]
CMD ["serve", "--listen", "http://0.0.0.0:8080"]
