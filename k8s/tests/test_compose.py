"""Compose draws the same borders as Kubernetes."""

from manifests import compose

STORES = ("postgres", "redis")


def networks(name):
    return set(compose()["services"][name]["networks"])


def test_edge_and_gateways_share_no_network_with_a_store():
    for outer in ("edge", "gateway"):
        for store in STORES:
            assert not networks(outer) & networks(store), f"{outer}, {store}"


def test_scoring_and_the_migration_share_one_with_their_stores():
    for store in STORES:
        assert networks("scoring") & networks(store)
    assert networks("migration") & networks("postgres")


def test_stores_and_scoring_are_on_inner_networks_only():
    for name in (*STORES, "scoring", "migration"):
        assert all(compose()["networks"][network]["internal"] for network in networks(name)), name


def test_only_the_edge_is_published_and_to_this_machine_what_its_people_look_at():
    published = {name: each["ports"] for name, each in compose()["services"].items() if "ports" in each}
    assert published.keys() == {"edge", "jaeger", "prometheus", "grafana"}
    for name in published.keys() - {"edge"}:
        assert all(port.startswith("127.0.0.1:") for port in published[name]), name


def test_nobody_waits_for_what_looks_on():
    lookers = {"collector", "jaeger", "prometheus", "grafana"}
    for name, each in compose()["services"].items():
        assert name in lookers or not lookers & set(each.get("depends_on", {})), name
        assert name in lookers or each["networks"] and set(each["networks"]) != {"telemetry"}
    for looker in lookers:
        assert not networks(looker) & {"edge", "inside", "stores"}, looker


def test_every_container_is_read_only_and_without_capabilities():
    for name, each in compose()["services"].items():
        assert each["read_only"] and each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
