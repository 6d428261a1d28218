"""The documentation of the API: OpenAPI, and Swagger UI from local files."""

from __future__ import annotations

from aiohttp import web

from api.answers import json_bytes
from api.endpoints import Answer, Endpoint
from api.keys import DOCUMENTS, FOLDERS

SWAGGER_FILES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
DOCS_FILES = ("docs.html", "docs.js", "docs.css")


async def openapi(request: web.Request) -> web.Response:
    return json_bytes(request.app[DOCUMENTS].current)


async def openapi_for_viewer(request: web.Request) -> web.Response:
    return json_bytes(request.app[DOCUMENTS].lowered)


async def docs(request: web.Request) -> web.Response:
    return request.app[FOLDERS].swagger.answer(request, "docs.html")


async def docs_file(request: web.Request) -> web.Response:
    return request.app[FOLDERS].swagger.answer(request, request.match_info["file"])


ENDPOINTS = (
    Endpoint("GET", "/openapi.json", openapi, "This document (OpenAPI 3.1)", "docs", (Answer("", None),)),
    Endpoint("GET", "/docs", docs, "The documentation, to read and try", "docs", (Answer("", None, "text/html"),)),
    Endpoint(
        "GET",
        "/docs/openapi.json",
        openapi_for_viewer,
        "This document as OpenAPI 3.0",
        "docs",
        (Answer("", None),),
        description="The viewer of /docs reads 3.0 at most.",
    ),
    Endpoint(
        "GET",
        "/docs/{file}",
        docs_file,
        "A file of the viewer",
        "docs",
        (Answer("The file", None, "text/javascript"),),
        problems=(404,),
        parameters={"file": "Name of the file"},
    ),
)
