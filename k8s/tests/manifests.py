"""What a rendering says: its objects, its pods, and the settings that a pod gets."""

import base64
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKLOADS = {"Deployment", "StatefulSet", "Job"}


@dataclass(frozen=True)
class Manifests:
    """All objects of one rendering."""

    name: str
    objects: tuple

    @classmethod
    @cache
    def all(cls):
        """Every rendering that `scripts/manifests` made."""
        paths = sorted(Path(os.environ["MANIFESTS"]).glob("*.yaml"))
        return [cls(path.stem, tuple(yaml.load_all(path.read_text(), yaml.CSafeLoader))) for path in paths]

    def of(self, kind):
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind, name):
        return next((each for each in self.of(kind) if each["metadata"]["name"] == name), None)

    def workloads(self):
        return [each for each in self.objects if each["kind"] in WORKLOADS]

    def settings(self, workload):
        """The environment of a workload's program, as Kubernetes composes it; values by name."""
        container = program(workload)
        settings = {}
        for source in container.get("envFrom", []):
            kind, reference = next(iter(source.items()))
            found = self.one({"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind], reference["name"])
            settings |= texts(found) if found else {}
        return settings | {each["name"]: each.get("value") for each in container.get("env", [])}


def program(workload):
    """The one container of a workload."""
    (container,) = template(workload)["spec"]["containers"]
    return container


def template(workload):
    return workload["spec"]["template"]


def labels(workload):
    return template(workload)["metadata"]["labels"]


def texts(generated):
    """What a ConfigMap or a Secret holds, as text."""
    if generated["kind"] == "Secret":
        return {key: base64.b64decode(value).decode() for key, value in generated["data"].items()}
    return generated["data"]


def selects(selector, found):
    """Whether a label selector (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels)
    holds for labels."""
    operators = {
        "In": lambda key, values: found.get(key) in values,
        "NotIn": lambda key, values: found.get(key) not in values,
        "Exists": lambda key, _: key in found,
        "DoesNotExist": lambda key, _: key not in found,
    }
    return all(found.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        operators[each["operator"]](each["key"], each.get("values"))
        for each in selector.get("matchExpressions", [])
    )


def seconds(duration):
    """Reads `90s`, `1m 30s` or `500ms`, as the programs, compose and HAProxy write them."""
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
    parts = re.findall(r"(\d+)\s*(ms|s|m|h)", duration)
    assert parts and "".join(f"{n}{unit}" for n, unit in parts) == duration.replace(" ", ""), duration
    return sum(int(number) * units[unit] for number, unit in parts)


def compose():
    with (ROOT / "docker-compose.yml").open() as file:
        return yaml.safe_load(file)


def env_file(path):
    """The settings of a file in compose's and kustomize's common form."""
    lines = (line.strip() for line in (ROOT / path).read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
