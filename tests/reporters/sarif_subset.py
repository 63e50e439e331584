"""What SARIF 2.1.0 and GitHub's code scanning demand of the objects that are written here, with no key beyond.

GitHub: locations are relative paths with a line, and whatever is in the log becomes an alert, so that only failures may
be (docs.github.com/code-security, "SARIF support for code scanning").

The standard's own schema is larger than the rest of these tests and may not be shipped with them; the rules below were
compared with it. https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
"""

from typing import Any


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def _list(items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


_TEXT = {"type": "string", "minLength": 1}
_URI = {"type": "string", "format": "uri", "minLength": 1}
_PATH = {"type": "string", "format": "uri-reference", "minLength": 1, "pattern": "^[^:/][^:]*$"}
_DATE = {"type": "string", "format": "date-time", "pattern": "Z$"}
_INDEX = {"type": "integer", "minimum": 0}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_MESSAGE = _object(["text"], text=_TEXT)
_BAG = {"type": "object"}
_RULE = _object(
    ["id", "help"],
    id=_TEXT,
    shortDescription=_MESSAGE,
    fullDescription=_MESSAGE,
    helpUri=_URI,
    help=_MESSAGE,
    defaultConfiguration=_object([], level=_LEVEL),
    properties=_BAG,
)
_REGION = _object(
    ["startLine"],
    startLine={"const": 1},
    byteOffset=_INDEX,
    byteLength=_INDEX,
    snippet=_object([], text={"type": "string"}),
)
_LOCATION = _object(
    ["physicalLocation"],
    physicalLocation=_object(
        ["artifactLocation", "region"], artifactLocation=_object(["uri"], uri=_PATH, index=_INDEX), region=_REGION
    ),
    logicalLocations=_list(_object([], name=_TEXT, fullyQualifiedName=_TEXT)),
)
_RESULT = _object(
    ["message", "ruleId", "ruleIndex", "level", "locations", "partialFingerprints"],
    ruleId=_TEXT,
    ruleIndex=_INDEX,
    level={"enum": ["note", "warning", "error"]},
    message=_MESSAGE,
    locations=_list(_LOCATION, minItems=1),
    partialFingerprints={"type": "object", "additionalProperties": _TEXT},
    baselineState={"const": "new"},
    properties=_BAG,
)
_INVOCATION = _object(
    ["executionSuccessful"],
    executionSuccessful={"type": "boolean"},
    exitCode={"type": "integer"},
    exitCodeDescription=_TEXT,
    startTimeUtc=_DATE,
    endTimeUtc=_DATE,
    toolExecutionNotifications=_list(_object(["message"], message=_MESSAGE, level=_LEVEL)),
)
_RUN = _object(
    ["tool", "results"],
    tool=_object(
        ["driver"],
        driver=_object(
            ["name"],
            name=_TEXT,
            version={"type": "string"},
            informationUri=_URI,
            rules=_list(_RULE, uniqueItems=True),
        ),
    ),
    automationDetails=_object([], id=_TEXT),
    invocations=_list(_INVOCATION),
    artifacts=_list(
        _object([], location=_object([], uri=_PATH), roles=_list({"const": "analysisTarget"})), uniqueItems=True
    ),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    properties=_BAG,
    results=_list(_RESULT, maxItems=5000),
)
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        ["version", "runs"],
        **{"$schema": _URI, "version": {"const": "2.1.0"}, "runs": _list(_RUN, minItems=1, maxItems=1)},
    ),
}
