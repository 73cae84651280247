"""Each test that asks for `manifests` runs over every rendering that `scripts/manifests` made."""

import pytest
from manifests import RENDERINGS, Manifests


def pytest_generate_tests(metafunc):
    if "manifests" in metafunc.fixturenames:
        assert RENDERINGS, "nothing was rendered"
        renderings = [Manifests.read(path) for path in RENDERINGS]
        metafunc.parametrize("manifests", renderings, ids=[each.name for each in renderings])


@pytest.fixture(scope="session")
def dev():
    return next(each for each in map(Manifests.read, RENDERINGS) if each.name == "overlay-dev")
