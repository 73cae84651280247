"""Alerts, dashboard and runbooks speak of what there is, and of the same things."""

import json
import re

import yaml
from manifests import ROOT

MONITORING = ROOT / "deploy/monitoring"
ALERTS = [
    rule for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARD = json.loads((MONITORING / "grafana/scorecast.json").read_text())
OPERATIONS = (ROOT / "docs/operations.md").read_text()


def test_each_alert_has_a_page_to_turn_to_and_a_test():
    tests = (MONITORING / "alerts.test.yaml").read_text()
    (pages,) = re.findall(r"^## Alerts$(.*?)^## ", OPERATIONS, re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^### (\w+)$", pages, re.MULTILINE)
    assert sorted(headings) == sorted(rule["alert"] for rule in ALERTS)
    for rule in ALERTS:
        name, runbook = rule["alert"], rule["annotations"]["runbook"]
        assert runbook == f"docs/operations.md#{name.lower()}"
        assert rule["labels"]["severity"] in ("page", "ticket"), name
        assert len(re.findall(rf"alertname: {name}\b", tests)) >= 2, f"{name} comes and stays away"


def test_alerts_and_dashboard_ask_for_metrics_that_the_services_have():
    asked = {rule["expr"] for rule in ALERTS}
    asked |= {target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])}
    names = {name for expr in asked for name in re.findall(r"\bscorecast_[a-z_]+", expr)} - kinds(asked)
    known = metrics()
    suffix = r"(_seconds|_ratio)?(_total|_bucket|_count|_sum)?$"
    for name in names:
        assert re.sub(suffix, "", name) in known, name


def kinds(asked):
    """What looks like a metric and is an attribute."""
    return {word for expr in asked for word in re.findall(r"by \([^)]*\b(scorecast_\w+)", expr)}


def metrics():
    """The metrics of the services as Prometheus names them, without what it adds."""
    sources = [file.read_text() for room in ("gateway", "scoring", "services") for file in (ROOT / room).rglob("src/**/*.rs")]
    return {name.replace(".", "_") for source in sources for name in re.findall(r'"(scorecast\.[a-z_.]+)"', source)}
