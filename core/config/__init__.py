# SPDX-License-Identifier: Apache-2.0
"""Configuration: typed, strict, from podium.toml and the environment.

`load_config` gives a frozen `Config` or raises `ConfigError` with every fault and its remedy. The types in `_settings`
are the only list of what can be set.
"""

from ._judge import Setting
from ._load import FILE_NAME, FILE_VARIABLE, ConfigError, load_config, load_settings
from ._media import media_settings
from ._plugins import enabled_plugins, is_switched_off, plugin_config, switched_on
from ._reference import as_toml, reference
from ._settings import (
    AuthConfig,
    Config,
    DatabaseConfig,
    GrpcConfig,
    LogConfig,
    MediaConfig,
    MetricsConfig,
    PluginsConfig,
    RoomsConfig,
    StorageConfig,
    WebConfig,
)
from ._values import IpAddress, PortRange

__all__ = [
    "FILE_NAME",
    "FILE_VARIABLE",
    "AuthConfig",
    "Config",
    "ConfigError",
    "DatabaseConfig",
    "GrpcConfig",
    "IpAddress",
    "LogConfig",
    "MediaConfig",
    "MetricsConfig",
    "PluginsConfig",
    "PortRange",
    "RoomsConfig",
    "Setting",
    "StorageConfig",
    "WebConfig",
    "as_toml",
    "enabled_plugins",
    "is_switched_off",
    "load_config",
    "load_settings",
    "media_settings",
    "plugin_config",
    "reference",
    "switched_on",
]
