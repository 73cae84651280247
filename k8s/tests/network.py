"""Who may reach whom under the NetworkPolicies of a rendering.

The rules are those of https://kubernetes.io/docs/concepts/services-networking/network-policies:
a pod that some policy selects for a direction may do only what one of these policies lists, any
other pod may do everything, and a connection needs both its ends' consent.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from manifests import selects


@dataclass(frozen=True)
class Pod:
    """A peer inside the cluster, by its labels and those of its namespace."""

    labels: dict
    namespace: str = "scorecast"


@dataclass(frozen=True)
class Outside:
    """A peer outside the cluster."""

    address: str
    labels: dict = field(default_factory=dict)
    namespace: str = ""


def may_connect(policies, source, target, port, protocol="TCP"):
    """Whether `source` may open a connection to a port of `target`."""
    return _consents(policies, "Egress", source, target, port, protocol) and _consents(
        policies, "Ingress", target, source, port, protocol
    )


def _consents(policies, direction, pod, peer, port, protocol):
    mine = [each for each in policies if _governs(each, direction, pod)]
    if not mine:
        return True
    key, peers = {"Egress": ("egress", "to"), "Ingress": ("ingress", "from")}[direction]
    rules = [rule for policy in mine for rule in policy["spec"].get(key, [])]
    return any(_names_peer(rule.get(peers), peer) and _names_port(rule.get("ports"), port, protocol) for rule in rules)


def _governs(policy, direction, pod):
    return (
        isinstance(pod, Pod)
        and policy["metadata"]["namespace"] == pod.namespace
        and direction in policy["spec"]["policyTypes"]
        and selects(policy["spec"]["podSelector"], pod.labels)
    )


def _names_peer(peers, peer):
    """No list, or an empty one, names everybody."""
    return not peers or any(_is_peer(each, peer) for each in peers)


def _is_peer(each, peer):
    if "ipBlock" in each:
        # What an address block says of pods is left to the network plugin; here it says nothing.
        block = each["ipBlock"]
        return isinstance(peer, Outside) and (
            ip_address(peer.address) in ip_network(block["cidr"])
            and not any(ip_address(peer.address) in ip_network(hole) for hole in block.get("except", []))
        )
    if not isinstance(peer, Pod):
        return False
    namespace = {"kubernetes.io/metadata.name": peer.namespace}
    in_namespace = (
        selects(each["namespaceSelector"], namespace) if "namespaceSelector" in each else peer.namespace == "scorecast"
    )
    return in_namespace and selects(each.get("podSelector", {}), peer.labels)


def _names_port(ports, port, protocol):
    return not ports or any(
        each.get("protocol", "TCP") == protocol and each["port"] <= port <= each.get("endPort", each["port"])
        for each in ports
    )
