"""Every name that one object says of another is right."""

import re

from manifests import ROOT, labels, program, selects, template

# Made by hand before the first rollout; docs/deploy.md says how.
BY_HAND = {
    "scoring-secrets",
    "gateway-secrets",
    "postgres-secrets",
    "scorecast-tls",
    "scoring-certificate",
    "gateway-certificate",
}


def test_a_service_has_one_workload_that_listens_there(manifests):
    for service in manifests.of("Service"):
        (workload,) = (each for each in manifests.workloads() if selected(service, each))
        open_ports = {port["name"] for port in program(workload)["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= open_ports


def selected(service, workload):
    return selects({"matchLabels": service["spec"]["selector"]}, labels(workload))


def test_a_workload_selects_its_own_pods_and_no_others(manifests):
    governed = [each for each in manifests.workloads() if "selector" in each["spec"]]
    for owner in governed + manifests.of("PodDisruptionBudget"):
        chosen = [each for each in manifests.workloads() if selects(owner["spec"]["selector"], labels(each))]
        assert [each["metadata"]["name"] for each in chosen] == [owner["metadata"]["name"]]
    for workload in manifests.workloads():
        for spread in template(workload)["spec"].get("topologySpreadConstraints", []):
            assert selects(spread["labelSelector"], labels(workload))


def test_the_configuration_that_a_pod_asks_for_is_there(manifests):
    for workload in manifests.workloads():
        for kind, name in configuration(workload):
            if kind == "Secret" and name in BY_HAND:
                continue
            assert manifests.one(kind, name), f"{workload['metadata']['name']}: {kind} {name}"


def configuration(workload):
    for source in program(workload).get("envFrom", []):
        if "secretRef" in source:
            yield "Secret", source["secretRef"]["name"]
        else:
            yield "ConfigMap", source["configMapRef"]["name"]
    for variable in program(workload).get("env", []):
        if "secretKeyRef" in variable.get("valueFrom", {}):
            yield "Secret", variable["valueFrom"]["secretKeyRef"]["name"]
    for volume in template(workload)["spec"].get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"]


def test_a_url_in_the_settings_leads_to_a_service(manifests):
    urls = [
        value
        for name in ("scoring", "gateway")
        for setting, value in manifests.settings(manifests.one("Deployment", name)).items()
        if setting.endswith(("_URL", "_ENDPOINT"))
    ]
    assert urls
    for url in urls:
        host, port = re.fullmatch(r"[a-z+]+:///?(?:[^@/]*@)?([a-z0-9-]+):(\d+)(?:/.*)?", url).groups()
        service = manifests.one("Service", host)
        assert service and int(port) in {each["port"] for each in service["spec"]["ports"]}, url


def test_gateways_balance_over_the_pods_themselves(manifests):
    """A name with an address of its own would hide the pods."""
    url = manifests.settings(manifests.one("Deployment", "gateway"))["SCORING_URL"]
    host = re.fullmatch(r"dns:///([a-z0-9-]+):\d+", url)[1]
    assert manifests.one("Service", host)["spec"]["clusterIP"] == "None"


def test_a_file_in_the_settings_is_mounted(manifests):
    for name in ("scoring", "gateway"):
        deployment = manifests.one("Deployment", name)
        mounts = [each["mountPath"] for each in program(deployment).get("volumeMounts", [])]
        for setting, value in manifests.settings(deployment).items():
            if (value or "").startswith("/etc/"):
                assert any(value.startswith(f"{mount}/") for mount in mounts), f"{setting}={value}"


def test_the_dev_overlay_lacks_no_secret(dev):
    for workload in dev.workloads():
        for kind, name in configuration(workload):
            assert dev.one(kind, name), name
    assert {"LEDGER_URL", "BOARD_URL"} <= dev.settings(dev.one("Deployment", "scoring")).keys()
    assert {"JWT_SECRET", "PARTICIPANT_SECRET", "HOST_PASSWORD"} <= dev.settings(dev.one("Deployment", "gateway")).keys()


def test_probes_and_ports_are_where_the_image_listens(manifests):
    dockerfile = (ROOT / "Dockerfile").read_text()
    for name in ("scoring", "gateway"):
        (listens,) = set(re.findall(rf"{name.upper()}_LISTEN=0\.0\.0\.0:(\d+)", dockerfile))
        deployment = manifests.one("Deployment", name)
        container = program(deployment)
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        health = manifests.settings(deployment).get("SCORING_HEALTH_LISTEN", f":{listens}").rsplit(":")[-1]
        assert set(ports.values()) == {int(listens), int(health)}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container[probe].get("grpc") or container[probe]["httpGet"]
            assert ports.get(asked["port"], asked["port"]) == int(health)


def test_an_autoscaler_has_the_replicas_to_itself(manifests):
    for autoscaler in manifests.of("HorizontalPodAutoscaler"):
        target = autoscaler["spec"]["scaleTargetRef"]
        deployment = manifests.one(target["kind"], target["name"])
        assert "replicas" not in deployment["spec"]
        assert "cpu" in program(deployment)["resources"]["requests"]
        for metric in autoscaler["spec"]["metrics"]:
            if metric["type"] == "Pods":
                full = int(manifests.settings(deployment)["MAX_SOCKETS"])
                assert int(metric["pods"]["target"]["averageValue"]) <= full / 2


def test_an_ingress_leads_to_the_gateway(manifests):
    for ingress in manifests.of("Ingress"):
        (rule,) = ingress["spec"]["rules"]
        (path,) = rule["http"]["paths"]
        backend = path["backend"]["service"]
        ports = {port["name"] for port in manifests.one("Service", backend["name"])["spec"]["ports"]}
        assert backend["name"] == "gateway" and backend["port"]["name"] in ports
        assert [rule["host"]] == ingress["spec"]["tls"][0]["hosts"]
