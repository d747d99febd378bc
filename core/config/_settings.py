# SPDX-License-Identifier: Apache-2.0
"""Every setting: its table, type, bounds, default and description.

This is the only place that knows them. Loading, environment variables, error messages, `podium config show` and the
reference page in docs/ are derived from these types. `variable` is a plain environment variable that also sets a key;
a `secret` key is never shown and can be read from the file that `<key>_file` names.
"""

import os
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ._values import IpAddress, PortRange

Port = Annotated[int, Meta(ge=0, le=65535)]
VideoCodec = Literal["VP8", "H264", "VP9", "AV1"]


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of podium.toml; the first docstring line of each becomes its heading in the reference."""


class WebConfig(_Table, frozen=True, kw_only=True):
    """Pages, signaling and the REST interface."""

    host: Annotated[str, Meta(min_length=1, description="Address or host name to listen on.")] = "0.0.0.0"
    port: Annotated[Port, Meta(description="TCP port; 0 lets the kernel choose.")] = 8082
    control_file: Annotated[
        str,
        Meta(
            description="File in which a running host leaves its address and a key of its own, for `podium plugins`; "
            "readable by its owner only. Empty: none."
        ),
    ] = "var/host.json"


class GrpcConfig(_Table, frozen=True, kw_only=True):
    """The gRPC interface."""

    port: Annotated[Port, Meta(description="TCP port; 0 lets the kernel choose.")] = 50052


class MetricsConfig(_Table, frozen=True, kw_only=True):
    """Prometheus metrics, at `/metrics`."""

    enabled: Annotated[bool, Meta(description="Whether metrics are served.")] = True
    host: Annotated[str, Meta(description="Address or host name to listen on. Empty: that of `web.host`.")] = ""
    port: Annotated[
        Port,
        Meta(
            description="TCP port; 0 lets the kernel choose, as it also does for the default when it chooses "
            "`web.port`."
        ),
    ] = 9092


class MediaConfig(_Table, frozen=True, kw_only=True):
    """Audio and video: the UDP ports, the threads that forward, and what is negotiated."""

    ports: Annotated[
        PortRange,
        Meta(description="UDP ports; each worker takes one. `0` lets the kernel choose for each."),
    ] = PortRange(50000, 50100)
    address: Annotated[IpAddress, Meta(description="Address to bind; `::` serves IPv4 as well.")] = IpAddress("::")
    announced_addresses: Annotated[
        tuple[IpAddress, ...],
        Meta(
            description="Addresses under which browsers reach this machine, such as the public address behind a NAT. "
            "Empty: the machine's own addresses."
        ),
    ] = ()
    announce_loopback: Annotated[
        bool,
        Meta(
            description="Whether to announce the addresses that only this machine reaches besides its own; "
            "`podium serve --dev` turns it on."
        ),
    ] = False
    workers: Annotated[
        int, Meta(ge=0, le=1024, description="Forwarding threads; 0 is one for each processor core.")
    ] = 0
    audio_slots: Annotated[int, Meta(ge=1, le=16, description="How many of the loudest people are heard at once.")] = 3
    video_codecs: Annotated[
        tuple[VideoCodec, ...], Meta(min_length=1, description="Video codecs to agree on, the preferred first.")
    ] = ("VP8", "H264", "VP9", "AV1")

    @property
    def worker_count(self) -> int:
        """How many workers to start: never more than there are ports."""
        wanted = self.workers or os.cpu_count() or 1
        return wanted if self.ports.is_ephemeral else min(wanted, len(self.ports.ports))


class RoomsConfig(_Table, frozen=True, kw_only=True):
    """Rooms and who may be in them."""

    max_participants: Annotated[
        int,
        Meta(ge=1, le=100_000, description="People in one room at most.", extra={"variable": "MAX_PARTICIPANTS"}),
    ] = 50
    ad_hoc: Annotated[
        bool, Meta(description="Whether anybody who opens a link makes the room; `podium serve --dev` turns it on.")
    ] = False


class AuthConfig(_Table, frozen=True, kw_only=True):
    """Join tokens and API keys."""

    secret: Annotated[
        str,
        Meta(
            pattern=r"^(.{32,})?$",
            description="Signs join tokens; machines that share sessions share it. Empty: made up at every start, "
            "so that links end with the process.",
            extra={"secret": True, "expected": "a random text of at least 32 characters, or an empty one"},
        ),
    ] = ""
    previous_secret: Annotated[
        str,
        Meta(
            pattern=r"^(.{32,})?$",
            description="The secret before this one; tokens made with it are accepted until they expire.",
            extra={"secret": True, "expected": "a random text of at least 32 characters, or an empty one"},
        ),
    ] = ""
    api_keys: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}:(service|administrator):[0-9a-f]{64}$")], ...],
        Meta(
            description="Keys of other services, as `name:role:hash`; `podium key NAME` makes one.",
            extra={"secret": True, "expected": "a list of `name:role:hash` as `podium key NAME` prints them"},
        ),
    ] = ()
    token_lifetime: Annotated[
        int, Meta(ge=60, le=604_800, description="Seconds for which a join token is good, unless asked otherwise.")
    ] = 7200

    def __repr__(self) -> str:
        return "AuthConfig(hidden)"


class DatabaseConfig(_Table, frozen=True, kw_only=True):
    """Where sessions and other lasting facts are kept."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^[a-z][a-z0-9+]*://.*$",
            description="SQLAlchemy URL; relative SQLite paths start at the working directory.",
            extra={"secret": True, "expected": "a database URL such as `sqlite:///var/podium.db`"},
        ),
    ] = "sqlite:///var/podium.db"

    def __repr__(self) -> str:
        return "DatabaseConfig(url=(hidden))"


class StorageConfig(_Table, frozen=True, kw_only=True):
    """Where recordings and other files are kept."""

    directory: Annotated[
        str, Meta(min_length=1, description="Local directory, made when missing; each plugin has a folder in it.")
    ] = "var/storage"


class LogConfig(_Table, frozen=True, kw_only=True):
    """What Podium says on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least important event that is written.")
    ] = "info"
    format: Annotated[
        Literal["json", "text"],
        Meta(description="`json`: one object a line. `text`: for people; `podium serve --dev` chooses it."),
    ] = "json"


class PluginsConfig(_Table, frozen=True, kw_only=True):
    """The tables of plugins, kept as `given` until each plugin judges its own."""

    given: Annotated[tuple[Any, ...], Meta(extra={"internal": True})] = ()
    variables: Annotated[tuple[tuple[str, str], ...], Meta(extra={"internal": True})] = ()
    """Environment variables that say nothing to core; one may be the plain name of a plugin's setting."""

    def __repr__(self) -> str:  # what a plugin keeps secret is not known yet
        return "PluginsConfig(hidden)"


class Config(_Table, frozen=True, kw_only=True):
    """Everything that can be set."""

    web: WebConfig = WebConfig()
    grpc: GrpcConfig = GrpcConfig()
    metrics: MetricsConfig = MetricsConfig()
    media: MediaConfig = MediaConfig()
    rooms: RoomsConfig = RoomsConfig()
    auth: AuthConfig = AuthConfig()
    database: DatabaseConfig = DatabaseConfig()
    storage: StorageConfig = StorageConfig()
    log: LogConfig = LogConfig()
    plugins: PluginsConfig = PluginsConfig()
