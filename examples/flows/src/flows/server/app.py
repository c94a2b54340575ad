"""Puts the API and the built UI together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from sqlalchemy.orm import sessionmaker

from flows.database.connection import make_engine
from flows.server.routes import router
from flows.settings import Settings

_NOT_BUILT = """<!doctype html><title>flows</title>
<p>The UI has not been built yet: run <code>devtask build-ui</code>, then load this page again.</p>
<p>The API is described at <a href="/openapi.json">/openapi.json</a>.</p>
"""


def bare_app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None) -> FastAPI:
    """The routes and nothing behind them: enough to describe the API."""
    # FastAPI's own documentation pages load scripts from elsewhere: switched off
    app = FastAPI(title="flows", version=version("flows"), lifespan=lifespan, docs_url=None, redoc_url=None)
    app.include_router(router)
    return app


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings.from_environment()
    engine = make_engine(settings.database_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = bare_app(lifespan)
    app.state.sessions = sessionmaker(engine, expire_on_commit=False)

    @app.get("/{path:path}", include_in_schema=False)
    def ui(request: Request, path: str) -> Response:
        if path == "api" or path.startswith("api/"):
            return JSONResponse({"detail": f"no such resource: /{path}"}, 404)
        return _ui_file(settings.ui_folder, path)

    return app


def _ui_file(folder: Path, path: str) -> Response:
    """Looks at the folder for each request, so that a new build shows without a restart."""
    root = folder.resolve()
    file = (root / (path or "index.html")).resolve()
    if not file.is_relative_to(root):
        return HTMLResponse("not found", 404)
    if file.is_file():
        # built files have their digest in their names; the page that names them has not
        caching = "no-cache" if file.suffix == ".html" else "public, max-age=31536000, immutable"
        return FileResponse(file, headers={"Cache-Control": caching})
    if not path:
        return HTMLResponse(_NOT_BUILT)
    return HTMLResponse("not found", 404)
