"""Web pages about datasets and sites."""

from __future__ import annotations

from pathlib import Path

from annotate.errors import InputError


def refuse_no_page(out: Path) -> None:
    """InputError if --out names no HTML file, but a folder, say."""
    if out.is_dir() or out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out {out}: is no HTML file; give a name that ends in .html")
