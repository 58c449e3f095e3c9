"""Block Kit as TypeScript, and what its compiler says of it by Slack's own types."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_SECONDS = 300

_CONFIG = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "target": "es2022",
        "module": "nodenext",
        "moduleResolution": "nodenext",
        "skipLibCheck": True,
        "types": [],
    },
    "files": ["samples.ts"],
}

_HEAD = (
    'import type { HomeView, KnownBlock, ModalView, TaskCardBlock } from "@slack/types";',
    'type KnownView = (Omit<HomeView, "blocks"> | Omit<ModalView, "blocks">) & { blocks: KnownBlock[] };',
)
"""Slack's `View` and `PlanBlock` take blocks and tasks of any type; what we send is of a known one."""


def faults(folder: Path, messages: Mapping[str, Any], views: Mapping[str, Any]) -> list[str]:
    """What the compiler finds wrong with the blocks of messages and with views, each after the sample's name.

    A sample is a literal in the source, so a member that the types don't know is wrong, too.
    """
    lines, names = list(_HEAD), dict[int, str]()
    tasks = {name: _tasks(sample) for name, sample in {**messages, **views}.items()}
    for kind, samples in (("KnownBlock[]", messages), ("KnownView", views), ("TaskCardBlock[]", tasks)):
        for name, sample in samples.items():
            lines.append(f"export const s{len(lines)}: {kind} = {json.dumps(sample)};")
            names[len(lines)] = name
    (folder / "samples.ts").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "tsconfig.json").write_text(json.dumps(_CONFIG), encoding="utf-8")
    compiler = str(folder / "node_modules" / ".bin" / "tsc")
    done = subprocess.run(
        [compiler, "--pretty", "false"], cwd=folder, timeout=_SECONDS, capture_output=True, text=True
    )
    found = done.stdout.splitlines()
    if done.returncode != 0 and not any(": error TS" in line for line in found):
        raise RuntimeError(f"the compiler did not run: {done.stdout[-500:]} {done.stderr[-500:]}")
    return [_named(line, names) for line in found if line.strip()]


def _tasks(value: Any) -> list[Any]:
    """The tasks of all plan blocks in it."""
    if isinstance(value, dict):
        own = value["tasks"] if value.get("type") == "plan" else []
        return [*own, *(task for item in value.values() for task in _tasks(item))]
    return [task for item in value for task in _tasks(item)] if isinstance(value, list) else []


def _named(line: str, names: Mapping[int, str]) -> str:
    """`samples.ts(12,34): error …` with the name of the sample in that line."""
    number = line.removeprefix("samples.ts(").partition(",")[0]
    return f"{names.get(int(number), '?')}: {line}" if number.isdigit() else line
