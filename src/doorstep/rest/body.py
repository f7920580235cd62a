"""A request's bytes, counted while they are read, so that neither a long body nor a gzip bomb fills the memory."""

from __future__ import annotations

import zlib
from typing import Any, Final

from doorstep.kernel.errors import BadRequest, TooLarge, UnsupportedMedia

_CHUNK: Final = 64 * 1024


def read(environ: dict[str, Any], limit: int) -> bytes:
    """The body, unpacked when it says Content-Encoding: gzip. Raises TooLarge above ``limit`` bytes, packed or not."""
    packed = _received(environ, limit)
    coding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if coding in ("", "identity"):
        return packed
    if coding not in ("gzip", "x-gzip"):
        raise UnsupportedMedia("rest.unsupported-coding", element="Content-Encoding", given=coding)
    return _unpack(packed, limit)


def _received(environ: dict[str, Any], limit: int) -> bytes:
    length = environ.get("CONTENT_LENGTH") or ""
    if length:
        if not (length.isascii() and length.isdigit()):
            raise BadRequest("rest.bad-content-length", element="Content-Length", value=length)
        if len(length) > 18 or int(length) > limit:
            raise TooLarge("rest.body-too-large", limit=limit)
    elif not environ.get("wsgi.input_terminated"):
        return b""
    left = int(length) if length else limit + 1
    stream, chunks = environ["wsgi.input"], []
    while left > 0:
        chunk = stream.read(min(left, _CHUNK))
        if not chunk:
            break
        chunks.append(chunk)
        left -= len(chunk)
    if not length and left <= 0:
        raise TooLarge("rest.body-too-large", limit=limit)
    if length and left > 0:
        raise BadRequest("rest.body-cut-off", element="Content-Length", expected=length)
    return b"".join(chunks)


def _unpack(packed: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(packed, limit + 1)
    except zlib.error:
        raise BadRequest("rest.bad-gzip", element="Content-Encoding") from None
    if len(plain) > limit:
        raise TooLarge("rest.body-too-large", limit=limit)
    if not stream.eof or stream.unused_data:
        raise BadRequest("rest.bad-gzip", element="Content-Encoding")
    return plain
