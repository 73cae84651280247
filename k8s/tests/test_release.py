"""One version runs, it is named in one way, and everything else is pinned."""

import re
import tomllib

from manifests import ROOT, compose, program, template

with (ROOT / "Cargo.toml").open("rb") as file:
    WORKSPACE = tomllib.load(file)["workspace"]
VERSION = WORKSPACE["package"]["version"]


def test_the_version_is_that_of_the_programs(manifests):
    for workload in manifests.workloads():
        version = template(workload)["metadata"]["labels"]["app.kubernetes.io/version"]
        assert version == VERSION
        if ours(program(workload)["image"]):
            assert program(workload)["image"].endswith(f":{VERSION}")


def test_each_version_migrates_by_a_job_of_its_own(manifests):
    assert [job["metadata"]["name"] for job in manifests.of("Job")] == [f"scoring-migration-{VERSION}"]


def test_images_of_compose_and_labels_have_the_same_version():
    images = [service["image"] for service in compose()["services"].values()]
    assert {image.split(":")[1] for image in images if ours(image)} == {VERSION}
    assert f"ARG VERSION={VERSION}\n" in (ROOT / "Dockerfile").read_text()


def test_compose_and_kubernetes_run_the_same_versions_of_others(manifests):
    services = compose()["services"]
    for workload in manifests.workloads():
        name = workload["metadata"]["name"]
        if name in services and not ours(services[name]["image"]):
            assert services[name]["image"] == program(workload)["image"], name


def test_every_image_of_others_is_pinned_to_a_full_version(manifests):
    used = [program(each)["image"] for each in manifests.workloads()]
    used += [service["image"] for service in compose()["services"].values()]
    for image in used:
        assert re.fullmatch(r"[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?[a-z0-9.-]*(@sha256:[0-9a-f]{64})?", image), image


def test_the_image_is_built_with_the_compiler_of_the_workspace():
    assert f"ARG RUST={WORKSPACE['package']['rust-version']}." in (ROOT / "Dockerfile").read_text()


def test_every_room_of_the_workspace_is_part_of_the_build():
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {member.split("/")[0] for member in WORKSPACE["members"]} - {"."} <= sent


def ours(image):
    return "scorecast/" in image
