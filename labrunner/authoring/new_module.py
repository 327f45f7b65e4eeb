"""A new module to start from: small, and qualified as it stands, so that every later red is the author's own."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

import yaml

from labrunner.authoring.json_schema import NAMES, schema
from labrunner.content.fields import LABEL

SCHEMAS = ".schema"
"""The folder of a pack that holds the JSON Schemas for editors."""


SUMMARY = "One line for the catalogue."


class NewModuleError(Exception):
    """The module cannot be made: why, and the way out."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class NewModule:
    """What an author says of it at the start. `duration` is as in front matter, such as 20m."""

    id: str
    title: str
    summary: str = SUMMARY
    level: str = "beginner"
    duration: str = "15m"


def create(module: NewModule, pack: Path) -> tuple[Path, ...]:
    """Write the module into *pack*, which is made where it is not there. The files written, in reading order.

    Raises NewModuleError for an id that cannot be one, and where the pack has such a module already.
    """
    if not LABEL.fullmatch(module.id):
        raise NewModuleError(
            f"{module.id!r} cannot name a module",
            "Use lower-case letters, digits and dashes, such as first-steps.",
        )
    text = pack / "modules" / module.id / "module.md"
    checks = pack / "checks" / f"{module.id}.yaml"
    for path in (text.parent, checks):
        if path.exists():
            raise NewModuleError(f"{path} is there already", "Choose another id, or edit that module.")
    values = {
        "id": module.id,
        "title": _scalar(module.title),
        "summary": _scalar(module.summary),
        "level": module.level,
        "duration": module.duration,
        "heading": re.sub(r"\s+", " ", module.title).strip(),
        "schemas": f"../{SCHEMAS}",
    }
    written = [_write(text, _MODULE.substitute(values)), _write(checks, _CHECKS.substitute(values))]
    for name in NAMES:
        path = pack / SCHEMAS / f"{name}.schema.json"
        written.append(_write(path, json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"))
    return tuple(written)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def _scalar(text: str) -> str:
    """A text as one line of YAML, quoted where it must be."""
    return str(yaml.safe_dump(text, width=10_000, allow_unicode=True)).removesuffix("\n...\n").strip()


_MODULE = Template("""\
---
lab: 1
id: $id
title: $title
summary: $summary
level: $level
duration: $duration
namespace: $id
---

# $heading
<!-- phase: {id: begin} -->

Say here what the learner will be able to do in the end.

## Make a ConfigMap
<!-- step: {id: make, checks: [greeting-there]} -->

A step explains one thing and then does it. The commands run in the learner's
own shell; the namespace `$id` is made by the runner.

```bash {id=make-greeting}
kubectl create configmap greeting --from-literal=text=hello
```

```output
configmap/greeting created
```

```quiz
id: where-it-lives
kind: choice
prompt: Where does a ConfigMap keep its texts?
options:
  - {text: "In `data`", correct: true, why: "Right, as a map from names to texts."}
  - {text: "In `spec`", why: "A ConfigMap has no spec: nothing acts on it."}
```

# Do it alone
<!-- phase: {id: alone} -->

## Challenge: another greeting
<!-- step:
id: challenge
checks: [greeting-changed]
hints: ["`kubectl edit configmap greeting` opens it in an editor."]
-->

Make the ConfigMap `greeting` say `good morning`. This step shows no commands:
it is the learner's own.

```bash {solve}
kubectl create configmap greeting --from-literal=text='good morning' \\
  --dry-run=client -o yaml | kubectl apply -f -
```

```bash {alternative id=by-patch}
kubectl patch configmap greeting --type=merge \\
  -p '{"data":{"text":"good morning"}}'
```

```bash {superficial id=only-a-note}
kubectl annotate configmap greeting text='good morning'
```

## Clean up
<!-- step: {id: clean-up, checks: [greeting-gone]} -->

```bash
kubectl delete configmap greeting
```

```bash {cleanup}
kubectl delete configmap greeting --ignore-not-found
```
""")

_CHECKS = Template("""\
# yaml-language-server: $$schema=$schemas/checks.schema.json
lab: 1
defaults: {eventually: 20s}
checks:
  greeting-there:
    title: The ConfigMap greeting is there
    resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: greeting}}
    message: There is no ConfigMap greeting yet.
    hints: [Run the cell that creates it.]
  greeting-changed:
    title: The greeting says good morning
    resource:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: greeting}
      data: {text: good morning}
    message: "It says {{actual.data.text}}, wanted good morning."
    when-failed:
      - if: {absent: {kind: ConfigMap, name: greeting}}
        hint: There is no ConfigMap greeting any more; reset the step.
  greeting-gone:
    title: The ConfigMap is gone
    absent: {kind: ConfigMap, name: greeting, baseline: present}
    message: greeting is still there.
""")
