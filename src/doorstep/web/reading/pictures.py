"""Traces and pictures, rendered for whoever may read them: the access rule decides at each address, the audit knows."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse

from doorstep.gateways.dicom import pixels
from doorstep.gateways.ecg import drawing, waveform
from doorstep.kernel.errors import BadRequest, NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import systems
from doorstep.web.guard import somebody
from doorstep.workflows import picture as kept

_CACHE: Final = pixels.Cache()
_FAR: Final = 1_000_000.0


@somebody
def picture(request: Any, media: str) -> HttpResponse:
    """One picture with the window asked for, as JPEG; a small one first where the link is slow."""
    frame = int(_number(request, "frame", 0))
    size = int(_number(request, "size", 1024))
    if size not in pixels.SIZES:
        raise BadRequest("study.bad-number", element="size", given=str(size)[:20])
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Media", media)
        shown = shown_of(reads, found, frame)
    center, width = _number(request, "level", shown.center), _number(request, "width", shown.width)
    body = pixels.jpeg(shown, center=center, width=max(width, 1), invert=request.GET.get("invert") == "1", size=size)
    return HttpResponse(body, content_type="image/jpeg")


@somebody
def trace(request: Any, media: str) -> HttpResponse:
    """The trace to scale."""
    scale = scale_of(request)
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Media", media)
        data = kept.content(reads, found)
    return HttpResponse(drawing.draw(waveform.read(data), scale).svg, content_type="image/svg+xml")


@somebody
def original(request: Any, media: str) -> HttpResponse:
    """The object as it came, byte for byte."""
    with request.store.snapshot(request.person.actor) as reads:
        data = kept.content(reads, reads.read("Media", media))
    return download(data, f"{media}.dcm")


def download(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def shown_of(reads: Reads, media: dict[str, Any], frame: int = 0) -> pixels.Picture:
    """A picture whose Media the reader has; its bytes are asked for only when it is not known yet."""
    key = (digest_of(media), frame)
    binary = Ref.parse(media["content"]["url"])
    if not reads.exists(binary.type, binary.id):
        raise NotFound("read.not-found", type=binary.type, id=binary.id)
    found = _CACHE.get(key)
    if found is None:
        found = pixels.read(kept.content(reads, media), frame=frame)
        _CACHE.put(key, found)
    return found


def digest_of(media: dict[str, Any]) -> str:
    return next((str(each["value"]) for each in media.get("identifier", ()) if each.get("system") == systems.SHA256),
                str(media["id"]))  # fmt: skip


def scale_of(request: Any) -> drawing.Scale:
    """Speed, gain and layout as asked for; the usual ones when nothing is."""
    speed, gain = int(_number(request, "speed", 25)), int(_number(request, "gain", 10))
    layout = request.GET.get("layout", "3x4")
    if speed not in drawing.SPEEDS or gain not in drawing.GAINS or layout not in drawing.LAYOUTS:
        raise BadRequest("study.bad-number", element="scale", given=f"{speed} {gain} {layout}"[:40])
    return drawing.Scale(speed, gain, layout)


def _number(request: Any, name: str, otherwise: float) -> float:
    text = request.GET.get(name, "")
    if not text:
        return otherwise
    try:
        found = float(text)
    except ValueError:
        found = _FAR + 1
    if not -_FAR <= found <= _FAR:
        raise BadRequest("study.bad-number", element=name, given=text[:20])
    return found
