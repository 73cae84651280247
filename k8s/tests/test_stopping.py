"""What a program does when it stops fits into the time that it is given before it is killed."""

import re

import pytest
from manifests import ROOT, compose, env_file, program, seconds, template

# From the end of SHUTDOWN_GRACE to the exit: what is left to flush, and a slow machine.
RESERVE = 5
# contract: a gateway pings each socket every 25 s and drops a silent one after 60 s.
SILENCE = 60


@pytest.mark.parametrize("name", ["scoring", "gateway"])
def test_a_pod_has_time_to_drain(manifests, name):
    deployment = manifests.one("Deployment", name)
    before = program(deployment)["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain = seconds(manifests.settings(deployment)["SHUTDOWN_GRACE"])
    given = template(deployment)["spec"]["terminationGracePeriodSeconds"]
    assert before + drain + RESERVE <= given


@pytest.mark.parametrize("name", ["scoring", "gateway"])
def test_a_container_has_time_to_drain(name):
    service = compose()["services"][name]
    drain = seconds(env_file(service["env_file"])["SHUTDOWN_GRACE"])
    assert drain + RESERVE <= seconds(service["stop_grace_period"])


def test_the_edge_stays_until_the_gateways_have_sent_their_sockets_away():
    gateway, edge = (compose()["services"][name] for name in ("gateway", "edge"))
    drain = seconds(env_file(gateway["env_file"])["SHUTDOWN_GRACE"])
    stop = seconds(haproxy("hard-stop-after"))
    assert drain + RESERVE <= stop
    assert stop + RESERVE <= seconds(edge["stop_grace_period"])


def test_no_proxy_cuts_a_socket_that_is_alive(manifests):
    assert seconds(haproxy("timeout tunnel")) > SILENCE
    for ingress in manifests.of("Ingress"):
        assert seconds(ingress["metadata"]["annotations"]["haproxy.org/timeout-tunnel"]) > SILENCE


def test_a_rollout_adds_before_it_takes_away(manifests):
    for name in ("scoring", "gateway"):
        rolling = manifests.one("Deployment", name)["spec"]["strategy"]["rollingUpdate"]
        assert (rolling["maxUnavailable"], rolling["maxSurge"]) == (0, 1)
        assert manifests.one("PodDisruptionBudget", name)["spec"]["maxUnavailable"] == 1


def haproxy(setting):
    (value,) = re.findall(rf"^\s*{setting}\s+(\S+)$", (ROOT / "deploy/haproxy.cfg").read_text(), re.MULTILINE)
    return value
