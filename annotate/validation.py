"""Values from files checked against a pydantic model, with messages that name the file, the field and the fault."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from annotate.errors import InputError

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], values: Any, place: str) -> Model:
    """Validate values as model; InputError says place.field and what is wrong with it, the first fault only."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InputError(fault_text(error, place)) from None
    except InputError as error:
        raise InputError(f"{place}: {error}") from None


def fault_text(error: ValidationError, place: str) -> str:
    """One line for the first fault that pydantic found: place.field: what was found and expected."""
    fault = error.errors(include_url=False)[0]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "missing":
        return f"{place}{field} is missing{more}"
    if fault["type"] == "value_error":
        separator = " " if message.startswith("is ") else ": "
        return f"{place}{field}{separator}{message}{more}"
    return f"{place}{field} is {fault['input']!r:.80}: {message}{more}"


def first_repeated(values: Iterable[Any]) -> Any | None:
    """The first value that was met before, or None."""
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
