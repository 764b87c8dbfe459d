"""The service models that botocore ships, and the route of each operation, derived from them."""

import re
from collections.abc import Iterable
from functools import cache
from urllib.parse import unquote

import msgspec
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

SERVICES = ("inspector2", "inspector-scan")
"""Signing names of the services, which are also the names of their models."""

_LABEL = re.compile(r"\{(\w+)(\+?)\}")


class Route(msgspec.Struct, frozen=True):
    """Where one operation is reached: method, and the pattern of the raw path."""

    method: str
    pattern: re.Pattern[str]
    operation: OperationModel


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service, by its signing name."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def routes(service: str) -> tuple[Route, ...]:
    """Every operation's route."""
    model = service_model(service)
    return tuple(_route(model.operation_model(name)) for name in model.operation_names)


def _route(operation: OperationModel) -> Route:
    path = str(operation.http["requestUri"]).partition("?")[0]
    parts = []
    end = 0
    for label in _LABEL.finditer(path):
        parts.append(re.escape(path[end : label.start()]))
        parts.append(f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})")
        end = label.end()
    parts.append(re.escape(path[end:]))
    return Route(str(operation.http["method"]), re.compile("".join(parts)), operation)


@cache
def documents() -> frozenset[tuple[str, str]]:
    """Method and path of every operation that takes a document, which may be large."""
    return frozenset(
        (route.method, str(route.operation.http["requestUri"]))
        for service in SERVICES
        for route in routes(service)
        if any(member.metadata.get("document") for member in _members(route.operation))
    )


def _members(operation: OperationModel) -> Iterable[Shape]:
    shape = operation.input_shape
    return shape.members.values() if isinstance(shape, StructureShape) else ()


class Routed(msgspec.Struct, frozen=True):
    """The operation of a request, and the members that its path names."""

    operation: OperationModel
    labels: dict[str, str]


def find_route(service: str, method: str, raw_path: str) -> Routed | None:
    """The operation that a method and path (as sent, still percent-encoded) reach."""
    for route in routes(service):
        if route.method == method and (match := route.pattern.fullmatch(raw_path)):
            return Routed(
                route.operation, {name: unquote(value) for name, value in match.groupdict().items()}
            )
    return None
