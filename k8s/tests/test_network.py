"""Nobody reaches more than its work needs; above all, the gateway reaches no store."""

import pytest
from manifests import labels
from network import Outside, Pod, may_connect

DNS = Pod({"k8s-app": "kube-dns"}, "kube-system")
INGRESS = Pod({"run": "haproxy-ingress"}, "haproxy-controller")
STRANGER = Pod({"app.kubernetes.io/name": "gateway"}, "elsewhere")
NEIGHBOUR = Pod({"app.kubernetes.io/name": "something-else"})
INTERNET = Outside("198.51.100.7")
MANAGED_POSTGRES = Outside("192.0.2.1")
MANAGED_REDIS = Outside("192.0.2.2")


def pods(manifests):
    """One pod of each workload, by the workload's name without its version."""
    found = {each["metadata"]["name"]: Pod(labels(each)) for each in manifests.workloads()}
    return {("migration" if name.startswith("scoring-migration") else name): pod for name, pod in found.items()}


def reach(manifests, source, target, port, protocol="TCP"):
    return may_connect(manifests.of("NetworkPolicy"), source, target, port, protocol)


def test_the_services_reach_what_they_work_with(manifests):
    pod = pods(manifests)
    assert reach(manifests, pod["gateway"], pod["scoring"], 50051)
    for name in ("gateway", "scoring", "migration"):
        assert reach(manifests, pod[name], DNS, 53, "UDP"), name
    if "postgres" in pod:
        assert reach(manifests, pod["scoring"], pod["postgres"], 5432)
        assert reach(manifests, pod["scoring"], pod["redis"], 6379)
        assert reach(manifests, pod["migration"], pod["postgres"], 5432)
    if manifests.one("NetworkPolicy", "scoring-calls-managed-postgres"):
        assert reach(manifests, pod["scoring"], MANAGED_POSTGRES, 5432)
        assert reach(manifests, pod["scoring"], MANAGED_REDIS, 6379)
        assert reach(manifests, pod["migration"], MANAGED_POSTGRES, 5432)
    if manifests.of("Ingress"):
        assert reach(manifests, INGRESS, pod["gateway"], 8080)
    if "collector" in pod:
        for name in ("gateway", "scoring"):
            assert reach(manifests, pod[name], pod["collector"], 4317), name
    if "jaeger" in pod:
        assert reach(manifests, pod["grafana"], pod["prometheus"], 9090)
        assert reach(manifests, pod["grafana"], pod["jaeger"], 16686)
    if {"collector", "jaeger"} <= pod.keys():
        assert reach(manifests, pod["collector"], pod["jaeger"], 4317)
        assert reach(manifests, pod["collector"], pod["prometheus"], 9090)


def test_the_gateway_reaches_no_store(manifests):
    pod = pods(manifests)
    stores = [pod[name] for name in ("postgres", "redis") if name in pod]
    for store in [*stores, MANAGED_POSTGRES, MANAGED_REDIS]:
        for port in (5432, 6379):
            assert not reach(manifests, pod["gateway"], store, port), store


@pytest.mark.parametrize("port", [22, 53, 80, 443, 3000, 4317, 5432, 6379, 8080, 9090, 13133, 16686, 50051, 50052])
def test_nothing_else_is_open(manifests, port):
    pod = pods(manifests)
    allowed = {
        ("gateway", "scoring", 50051),
        ("scoring", "postgres", 5432),
        ("scoring", "redis", 6379),
        ("migration", "postgres", 5432),
        ("gateway", "collector", 4317),
        ("scoring", "collector", 4317),
        ("collector", "jaeger", 4317),
        ("collector", "prometheus", 9090),
        ("grafana", "jaeger", 16686),
        ("grafana", "prometheus", 9090),
    }
    for source in pod:
        assert not reach(manifests, pod[source], INTERNET, port), source
        for target in pod:
            expected = (source, target, port) in allowed
            assert reach(manifests, pod[source], pod[target], port) == expected, f"{source} → {target}"
    for source in (STRANGER, NEIGHBOUR, INTERNET, INGRESS):
        for target in pod:
            is_way_in = manifests.of("Ingress") and (source, target, port) == (INGRESS, "gateway", 8080)
            assert reach(manifests, source, pod[target], port) == bool(is_way_in), f"{source} → {target}"


def test_a_policy_that_opens_the_way_is_found_out(dev):
    """The tests above can fail: two policies more, and the gateway has a store."""
    pod = pods(dev)
    everything = {"podSelector": {}}
    opened = [
        {
            "metadata": {"namespace": "scorecast"},
            "spec": {"podSelector": {}, "policyTypes": [direction], key: [{peers: [everything]}]},
        }
        for direction, key, peers in (("Egress", "egress", "to"), ("Ingress", "ingress", "from"))
    ]
    policies = dev.of("NetworkPolicy")
    assert not may_connect(policies, pod["gateway"], pod["postgres"], 5432)
    assert not may_connect([*policies, opened[0]], pod["gateway"], pod["postgres"], 5432)
    assert may_connect([*policies, *opened], pod["gateway"], pod["postgres"], 5432)
