"""The body of a request: read within limits of bytes and time, and inflated within the same."""

import asyncio
import zlib

from starlette.requests import Request as HttpRequest

from openinspector.model.refusal import Invalid

_SECONDS = 30.0
_LARGE_SECONDS = 300.0


async def read_body(http: HttpRequest, most: int, *, large: bool) -> bytes:
    """The body as sent. Raises `Invalid` when it is too large or does not come in time."""
    declared = http.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise _too_large(most)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_LARGE_SECONDS if large else _SECONDS):
            async for chunk in http.stream():
                size += len(chunk)
                if size > most:
                    raise _too_large(most)
                chunks.append(chunk)
    except TimeoutError as error:
        raise Invalid("The body did not arrive in time.", reason="CANNOT_PARSE") from error
    return b"".join(chunks)


def _too_large(most: int) -> Invalid:
    return Invalid(f"The body is larger than {most} bytes.", reason="CANNOT_PARSE")


def inflate(body: bytes, encoding: str, most: int) -> bytes:
    """The body without its content encoding, within the limit."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity", "aws-chunked"):
        return body
    if encoding != "gzip":
        raise Invalid(f"Content-Encoding {encoding} is not accepted.", reason="CANNOT_PARSE")
    inflater = zlib.decompressobj(wbits=31)
    try:
        data = inflater.decompress(body, most)
    except zlib.error as error:
        raise Invalid(f"The body is not gzip: {error}", reason="CANNOT_PARSE") from error
    if inflater.unconsumed_tail:
        raise _too_large(most)
    if not inflater.eof:
        raise Invalid("The gzip body ends too early.", reason="CANNOT_PARSE")
    return data
