"""Images in registries: manifest by manifest, layers downloaded two at a time, all verified."""

import hashlib
import os
import tempfile
import threading
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Protocol

from openinspector.inventory.limits import MEBIBYTE, Limits
from openinspector.inventory.trees.blobs import Blob
from openinspector.inventory.trees.credentials import Credentials
from openinspector.inventory.trees.image import ImageParts, LayerSource, image_tree
from openinspector.inventory.trees.image_config import load_document
from openinspector.inventory.trees.manifests import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    descriptors,
    is_index,
    read_manifest,
)
from openinspector.inventory.trees.platforms import Platform, choose
from openinspector.inventory.trees.recorded import Records
from openinspector.inventory.trees.reference import Reference, parse_reference
from openinspector.inventory.trees.registry_http import RegistryHttp
from openinspector.inventory.trees.stack import StackTree
from openinspector.model import TargetError

_ACCEPTED = ", ".join((OCI_INDEX, DOCKER_INDEX, OCI_MANIFEST, DOCKER_MANIFEST))
_DOCUMENT_BYTES = 16 * MEBIBYTE
_CHUNK = MEBIBYTE
_AT_ONCE = 2
_ATTEMPTS = 3
_NESTING = 4


class LayerRecords(Records, Protocol):
    """Records of layers that several images may ask for at once."""

    def begin(self, digests: Collection[str]) -> frozenset[str]:
        """Which of some layers have records; waits until nobody else is reading one of them."""
        ...

    def end(self) -> None:
        """Nothing is read any more: whoever waits for these layers goes on."""
        ...


def registry_tree(
    name: str,
    platform: Platform | None,
    limits: Limits,
    credentials: Credentials | None = None,
    records: LayerRecords | None = None,
) -> StackTree:
    """The tree of an image in a registry; raises `TargetError`.

    Without `credentials` those that Docker's config.json names are taken. Layers of which there
    are `records` are not downloaded.
    """
    reference = parse_reference(name)
    session = _Session(reference, limits, credentials, records)
    try:
        return image_tree(str(reference), session.parts(platform), limits, session.close, records)
    except BaseException:
        session.close()
        raise


class _Session:
    """One image's manifests and blobs; blobs lie in temporary files without a name."""

    def __init__(
        self,
        reference: Reference,
        limits: Limits,
        credentials: Credentials | None,
        records: LayerRecords | None,
    ) -> None:
        self._reference = reference
        self._limits = limits
        self._http = RegistryHttp(reference, credentials)
        self._downloads = ThreadPoolExecutor(_AT_ONCE, "openinspector-download")
        self._blobs: dict[str, Future[Blob]] = {}
        self._lock = threading.Lock()
        self._records = records
        self._closed = False

    def close(self) -> None:
        """Stop downloads and remove what was downloaded."""
        self._closed = True
        self._http.close()
        self._downloads.shutdown(wait=True, cancel_futures=True)
        for future in self._blobs.values():
            if future.done() and not future.cancelled() and future.exception() is None:
                os.close(future.result().descriptor)
        self._blobs.clear()
        if self._records is not None:
            self._records.end()

    def parts(self, platform: Platform | None) -> ImageParts:
        """The image that fits a platform, its layers on their way."""
        data, digest, media_type = self._manifest(self._reference.identifier, None)
        note = ""
        for _ in range(_NESTING):
            document = load_document(data, f"{self._reference}: manifest")
            if not is_index(media_type or str(document.get("mediaType", ""))) and not (
                "manifests" in document and "layers" not in document
            ):
                break
            entries = descriptors(document)
            if not entries:
                raise TargetError(f"{self._reference}: its index names no image")
            number, note = choose([e.platform for e in entries], platform, str(self._reference))
            data, digest, media_type = self._manifest(entries[number].digest, entries[number].size)
        manifest = read_manifest(data, f"{self._reference}: manifest")
        config = self._config(manifest.config)
        return ImageParts(
            config=config,
            layers=self._layers(manifest.layers),
            tags=(str(self._reference),) if self._reference.tag else (),
            manifest_digest=digest,
            notes=(note,) if note else (),
        )

    def _manifest(self, identifier: str, size: int | None) -> tuple[bytes, str, str]:
        """A manifest's bytes, digest and media type."""
        answer = self._http.get(f"manifests/{identifier}", _ACCEPTED)
        data = answer.read(_DOCUMENT_BYTES + 1)
        answer.release_conn()
        if len(data) > _DOCUMENT_BYTES or (size is not None and len(data) != size):
            raise TargetError(
                f"{self._reference}: manifest {identifier} has not the size that it should have"
            )
        promised = identifier if ":" in identifier else answer.headers.get("Docker-Content-Digest")
        algorithm = "sha512" if promised and promised.startswith("sha512:") else "sha256"
        digest = f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
        if promised and promised != digest:
            raise TargetError(
                f"{self._reference}: manifest {identifier} has the digest {digest}, not {promised}"
            )
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        return data, digest, media_type

    def _config(self, descriptor: Descriptor) -> bytes:
        if descriptor.size > _DOCUMENT_BYTES:
            raise TargetError(f"{self._reference}: its configuration is too large")
        blob = self._download(descriptor)
        try:
            return os.pread(blob.descriptor, blob.length, 0)
        finally:
            os.close(blob.descriptor)

    def _layers(self, layers: Sequence[Descriptor]) -> tuple[LayerSource, ...]:
        """Layers as they will come; the same blob is downloaded once."""
        if sum(layer.size for layer in layers) > self._limits.image_bytes:
            raise TargetError(f"{self._reference}: it is larger than an image may be")
        known: frozenset[str] = frozenset()
        if self._records is not None:
            known = self._records.begin({each.digest for each in layers if _is_content(each)})
        sources = []
        for layer in layers:
            if layer.is_foreign:
                kind = layer.media_type
                sources.append(LayerSource(None, f"is not distributed by registries ({kind})"))
            elif layer.is_encrypted:
                sources.append(LayerSource(None, "is encrypted"))
            else:
                if layer.digest not in known:
                    self._coming(layer)
                fetch = partial(self._fetch, layer)
                sources.append(LayerSource(fetch, ahead=True, identity=layer.digest))
        return tuple(sources)

    def _coming(self, layer: Descriptor) -> Future[Blob]:
        """The download of a layer, begun if it was not."""
        with self._lock:
            future = self._blobs.get(layer.digest)
            if future is None:
                future = self._downloads.submit(self._download, layer)
                self._blobs[layer.digest] = future
            return future

    def _fetch(self, layer: Descriptor) -> Blob:
        return self._coming(layer).result()

    def _download(self, descriptor: Descriptor) -> Blob:
        """Fetch a blob into a temporary file, checking size and digest as it comes."""
        for attempt in range(_ATTEMPTS):
            blob = self._try_download(descriptor, last=attempt == _ATTEMPTS - 1)
            if blob is not None:
                return blob
        raise AssertionError("the last attempt returns or raises")

    def _try_download(self, descriptor: Descriptor, last: bool) -> Blob | None:
        from urllib3.exceptions import HTTPError

        what = f"{self._reference}: blob {descriptor.digest}"
        answer = self._http.get(f"blobs/{descriptor.digest}")
        algorithm, _, encoded = descriptor.digest.partition(":")
        digest = hashlib.new(algorithm)
        done = 0
        with tempfile.TemporaryFile(prefix="openinspector-") as file:
            try:
                for chunk in answer.stream(_CHUNK, decode_content=False):
                    done += len(chunk)
                    if self._closed:
                        raise TargetError(f"{self._reference}: interrupted")
                    if done > descriptor.size:
                        raise TargetError(f"{what} has more than its {descriptor.size:,} bytes")
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
            except HTTPError as error:
                if last:
                    raise TargetError(f"{what} breaks off after {done:,} bytes") from error
                return None
            except OSError as error:
                folder = tempfile.gettempdir()
                raise TargetError(
                    f"{what} cannot be kept in {folder}: {error.strerror}; TMPDIR names another"
                    " folder"
                ) from None
            finally:
                answer.close()
            if done < descriptor.size and not last:
                return None
            if done != descriptor.size or digest.hexdigest() != encoded:
                raise TargetError(f"{what} does not have that digest and size: it was changed")
            return Blob(os.dup(file.fileno()), 0, done)


def _is_content(layer: Descriptor) -> bool:
    return not (layer.is_foreign or layer.is_encrypted)
