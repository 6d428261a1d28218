"""What messages carry: taken in before they are posted, given out as files to save, never as pages."""

from __future__ import annotations

from aiohttp import web

from api.answers import headers, json_answer, saved_as
from api.chat_here import chat_of
from api.chat_posts import attachments_of
from api.conversation_schemas import AttachmentDocument, AttachmentParameters, UploadParameters
from api.endpoints import Answer, Endpoint
from api.reading import parse_query
from api.uploads import read_upload
from chainbot_desktop.chat.attachments import attachments_of as carried_by
from chainbot_desktop.chat.media_types import IMAGES
from chainbot_desktop.core.errors import NotFound

_PIECE = 256 * 1024
_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


async def upload(request: web.Request) -> web.Response:
    asked = parse_query(request.query, UploadParameters)
    service = attachments_of(chat_of(request))
    sent = await read_upload(request, asked.name, service.limits.attachment_bytes)
    added = await service.add_bytes(sent.name, sent.media_type, sent.body)
    kept = added.attachment
    return json_answer(
        {
            "name": kept.name,
            "media_type": kept.media_type,
            "size": kept.size,
            "sha256": kept.sha256,
            "width": added.width or None,
            "height": added.height or None,
            "use": added.use,
            "note": added.note,
        },
        201,
    )


async def download(request: web.Request) -> web.StreamResponse:
    asked = parse_query(request.query, AttachmentParameters)
    chat, digest = chat_of(request), request.match_info["sha256"]
    message = await chat.message(asked.message_id)
    carried = carried_by(message.detail) if message is not None else ()
    found = next((each for each in carried if each.sha256 == digest), None)
    body = await attachments_of(chat).body(found) if found is not None else None
    if found is None or body is None:
        raise NotFound("This message carries no such attachment.", code="no_such_attachment")
    kind = found.media_type if found.media_type in IMAGES else "application/octet-stream"
    response = web.StreamResponse(
        headers=headers(kind, _POLICY, Content_Disposition=saved_as(found.name), Content_Length=str(len(body)))
    )
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    for start in range(0, len(body), _PIECE):
        await response.write(body[start : start + _PIECE])
    await response.write_eof()
    return response


ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/attachments",
        upload,
        "Send a file that a message shall carry",
        "conversations",
        (Answer("Kept: give it in `attachments` of the message", AttachmentDocument, status=201),),
        description="The file is the body (`?name=` says what it is called), or the one file of a form. "
        "What no message refers to is erased after a while. `chat.attachment_bytes` of the settings is the limit.",
        query=UploadParameters,
        uploads=("application/octet-stream", "multipart/form-data"),
        problems=(400, 408, 413, 422, 503),
    ),
    Endpoint(
        "GET",
        "/api/attachments/{sha256}",
        download,
        "A file that a message carries",
        "conversations",
        (Answer("To be saved; its media type is told of pictures alone", None, "application/octet-stream"),),
        query=AttachmentParameters,
        problems=(404, 422, 503),
        parameters={"sha256": "SHA-256 of its bytes, in hex"},
    ),
)
