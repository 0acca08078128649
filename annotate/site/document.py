"""A site file as it is written: read without judging it, changed by a command, written whole, the old one kept beside.

Comments of the old file are in the kept copy only (site.yaml.before): YAML readers drop them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from annotate.errors import InputError
from annotate.files import write_text
from annotate.site.model import Site
from annotate.site.reading import REQUIRED, SITE_FILE, read_mapping

_LISTS = ("backgrounds", "furniture", "seats", "lamps", "windows", "ignore")
_EXAMPLES = {
    "lens": "lens: {model: equidistant, width_px: WIDTH, height_px: HEIGHT, f_px: ...}     # or lens: lens.yaml",
    "camera": "camera: {height_m: ...}",
    "backgrounds": "backgrounds: [PICTURE.png]",
    "floor_px": "floor_px: [[x, y], [x, y], [x, y]]     # where people may stand",
}


def document_path(site: Path) -> Path:
    """The YAML file of a site folder that need not exist yet, or the YAML file itself."""
    return site if site.suffix.lower() in (".yaml", ".yml") else site / SITE_FILE


def read_document(path: Path) -> dict[str, Any]:
    """The fields of a site file, unchecked but for its lists; {} if there is no such file or it holds comments only."""
    if not path.is_file() or not any(_is_said(line) for line in path.read_text(encoding="utf-8").splitlines()):
        return {}
    value = read_mapping(path, "expected the fields of a site: name, backgrounds, lens, camera, floor_px")
    for field in _LISTS:
        if value.get(field) is not None and not isinstance(value[field], list):
            raise InputError(f"{path}: {field} is {value[field]!r:.60}; expected a list")
    return value


def write_document(path: Path, value: dict[str, Any], size: tuple[int, int] | None = None) -> None:
    """Write the fields, those that are still missing as comments. size: of the backgrounds, for the lens's example."""
    if path.is_file():
        write_text(path.with_name(f"{path.name}.before"), path.read_text(encoding="utf-8"))
    text = yaml.safe_dump(value, sort_keys=False, default_flow_style=None, width=120, allow_unicode=True)
    missing = [field for field in REQUIRED if value.get(field) is None]
    if missing:
        lines = "".join(f"# {_EXAMPLES[field]}\n" for field in missing)
        if size is not None:
            lines = lines.replace("WIDTH", str(size[0])).replace("HEIGHT", str(size[1]))
        text += f"# Still needed:\n{lines}"
    write_text(path, text)


def report(path: Path, value: dict[str, Any]) -> str:
    """One sentence on whether the site is complete; InputError if it is, but wrong."""
    missing = [field for field in REQUIRED if value.get(field) is None]
    if missing:
        return f"{path}: still needs {', '.join(missing)}"
    Site.read(path)
    return f"{path}: complete; look at it with `generate.py site show {path}`"


def _is_said(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(("#", "---"))
