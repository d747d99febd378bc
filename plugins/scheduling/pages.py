# SPDX-License-Identifier: Apache-2.0
"""The waiting page: one file for all sessions, which reads its session and invitation from its own address."""

from importlib.resources import files

from podium.core import PluginContext, WebRequest, WebResponse

PACKAGE = "podium.plugins.scheduling"
HTML = "text/html; charset=utf-8"

_page = files(PACKAGE).joinpath("static", "join.html").read_bytes()


async def waiting_page(context: PluginContext, request: WebRequest) -> WebResponse:
    """The same to everybody: who may know what is decided by what the page asks."""
    return WebResponse(body=_page, content_type=HTML)
