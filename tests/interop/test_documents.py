"""The examples of the documents, run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import BUILT

DOCUMENTS = Path(__file__).parents[2] / "docs"
SECONDS = 180


@pytest.fixture
def tools(tmp_path):
    """A folder with what the examples call that may not be installed."""
    grpcurl = tmp_path / "grpcurl"
    grpcurl.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("grpcurl.py")} "$@"\n')
    grpcurl.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("document", "language", "command"),
    [
        ("http.md", "sh", ["bash", "-euo", "pipefail"]),
        ("websocket.md", "python", [sys.executable, "-"]),
        ("grpc.md", "sh", ["bash", "-euo", "pipefail"]),
    ],
)
def test_the_examples_of_a_document_run(scorecast, tools, document, language, command):
    text = (DOCUMENTS / document).read_text()
    examples = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert examples
    surroundings = {
        **os.environ,
        "PATH": f"{tools}:{BUILT.absolute()}:{os.environ['PATH']}",
        "SCORECAST": f"http://{scorecast.http}",
        "SCORING": scorecast.grpc,
        "HOST_PASSWORD": scorecast.host_password(),
    }
    ended = subprocess.run(command, input="".join(examples), env=surroundings, text=True,
                           capture_output=True, timeout=SECONDS, cwd=tools)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_method_has_an_example(contract):
    text = (DOCUMENTS / "grpc.md").read_text()
    called = set(re.findall(r"\b(?:call|follow) (\w+/\w+) ", text))
    services = ["ScoringService", "QuizService"]
    assert called >= {
        f"{service}/{method}" for service in services for method in contract.methods(f"scorecast.v1.{service}")
    }
