"""Toxics as the API names them: parsed from a request body, described in an answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from chaos.toxiproxy import errors, toxics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.toxiproxy.toxics import Toxic

STREAMS = ("upstream", "downstream")


@dataclass(frozen=True, slots=True)
class Placed:
    """A toxic with its place: `stream`, and the share of connections it affects (`toxicity`, 0 to 1)."""

    name: str
    type: str
    stream: str
    toxicity: float
    toxic: Toxic

    def describe(self) -> dict[str, Any]:
        return {
            "attributes": asdict(self.toxic),
            "name": self.name,
            "type": self.type,
            "stream": self.stream,
            "toxicity": self.toxicity,
        }


def placed(body: Mapping[str, Any]) -> Placed:
    """Read a toxic, with Toxiproxy's defaults: downstream, toxicity 1, named ``type_stream``.

    Raises `errors.ApiError` (400) for a wrong field, an unknown stream or an unknown type.
    """
    kind = string(body, "type", "")
    stream = string(body, "stream", "downstream").lower()
    if stream not in STREAMS:
        raise errors.invalid_stream()
    if kind not in toxics.BY_TYPE:
        raise errors.invalid_toxic_type()
    return Placed(
        name=string(body, "name", "") or f"{kind}_{stream}",
        type=kind,
        stream=stream,
        toxicity=number(body, "toxicity", 1),
        toxic=changed(toxics.BY_TYPE[kind](), body),
    )


def updated(old: Placed, body: Mapping[str, Any]) -> Placed:
    """Only toxicity and attributes can change; what the body leaves out stays."""
    return replace(old, toxicity=number(body, "toxicity", old.toxicity), toxic=changed(old.toxic, body))


def changed(toxic: Toxic, body: Mapping[str, Any]) -> Toxic:
    """`toxic` with the attributes of `body`; unknown attributes are ignored, as Toxiproxy does."""
    given = body.get("attributes")
    if given is None:
        return toxic
    if not isinstance(given, dict):
        raise errors.bad_request_body("attributes must be an object")
    known = {f.name for f in fields(toxic)}
    values = {
        name: whole(name, value) for name, value in given.items() if name in known and value is not None
    }
    return replace(toxic, **values)


def string(body: Mapping[str, Any], field: str, default: str) -> str:
    value = body.get(field)
    if value is not None and not isinstance(value, str):
        raise errors.bad_request_body(f"{field} must be a string")
    return default if value is None else value


def boolean(body: Mapping[str, Any], field: str, default: bool) -> bool:
    value = body.get(field)
    if value is not None and not isinstance(value, bool):
        raise errors.bad_request_body(f"{field} must be true or false")
    return default if value is None else value


def number(body: Mapping[str, Any], field: str, default: float) -> float:
    value = body.get(field)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise errors.bad_request_body(f"{field} must be a number")
    return default if value is None else value


def whole(field: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise errors.bad_request_body(f"attributes.{field} must be a whole number")
    return value
