# SPDX-License-Identifier: Apache-2.0
"""The Quart application: pages, the client library, health, the REST interface, signaling, what plugins serve.

Pages are plain files without templates or inline scripts, so a strict Content-Security-Policy holds everywhere; what
they show about a room comes over the signaling socket.
"""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec
from h11 import LocalProtocolError
from quart import Response, abort, has_request_context, request, websocket
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from podium.core.operations import Services
from podium.core.plugins.checkup import Checkup
from podium.hosts.web.assets import assets_in
from podium.hosts.web.connections import Connections
from podium.hosts.web.entrance import Entrance
from podium.hosts.web.plugins import PluginPages, plugin_pages
from podium.hosts.web.rest import error_response, rest_interface
from podium.hosts.web.websocket import BoundedWebsocket

STATIC = Path(__file__).parent / "static"

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'; img-src 'self' data:; media-src 'self' blob:",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self)",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class PodiumApp(QuartTrio):
    """Quart with a bound on what a WebSocket may leave waiting."""

    websocket_class = BoundedWebsocket


def create_app(
    rooms: Entrance,
    connections: Connections,
    services: Services,
    pages: PluginPages | None = None,
    checkup: Checkup | None = None,
) -> PodiumApp:
    """The application over these rooms, with the `pages` of plugins where there are any. Nothing is started here."""
    app = PodiumApp("podium.hosts.web", static_folder=None, instance_path=str(STATIC.parent))
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    assets = assets_in(STATIC)

    @app.get("/")
    async def start_page() -> Response:
        return assets.respond("index.html" if rooms.ad_hoc else "closed.html")

    @app.get("/room/<session_id>")
    async def room_page(session_id: str) -> Response:  # noqa: ARG001  # the page reads it from its own address
        return assets.respond("room.html")

    @app.get("/static/<name>")
    async def static_file(name: str) -> Response:
        if name not in assets:
            abort(404)
        return assets.respond(name)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        facts: dict[str, Any] = msgspec.to_builtins(rooms.statistics())
        plugins = await checkup.look() if checkup is not None else {}
        # "ok" and 200 even when a plugin is not: who restarts the host for it would end the classes. No details
        # either, since everybody may ask.
        return {
            "status": "ok",
            "version": podium_version(),
            "connections": connections.statistics().open,
            "plugins": {name: health.status for name, health in plugins.items()},
            **facts,
        }

    @app.websocket("/signal")
    async def signal() -> None:
        try:
            await websocket.accept()
        except LocalProtocolError:
            # The peer sent on before the handshake was over; hypercorn cannot answer any more.
            return
        await connections.serve(websocket)

    app.register_blueprint(rest_interface(services, assets, podium_version(), pages.events if pages else None))
    if pages is not None:
        app.register_blueprint(plugin_pages(pages))

    _secure(app)
    return app


def _secure(app: PodiumApp) -> None:
    """One shape of errors below /api and /plugins, and the same headers on everything."""

    @app.errorhandler(HTTPException)
    async def refuse(error: HTTPException) -> Any:
        within = has_request_context()  # not for a WebSocket that nobody serves
        return error_response(error) if within and request.path.startswith(("/api/", "/plugins/")) else error

    @app.after_request
    async def secure(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def podium_version() -> str:
    try:
        return version("podium")
    except PackageNotFoundError:
        return "unknown"
