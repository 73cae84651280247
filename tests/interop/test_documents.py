"""The examples of the documents, run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENTS = Path(__file__).parents[2] / "docs"
SECONDS = 60


@pytest.mark.parametrize(
    ("document", "language", "command"),
    [
        ("grpc.md", "sh", ["bash", "-euo", "pipefail"]),
        ("http.md", "sh", ["bash", "-euo", "pipefail"]),
        ("websocket.md", "python", [sys.executable, "-"]),
    ],
)
def test_the_examples_of_a_document_run(scorecast, document, language, command):
    text = (DOCUMENTS / document).read_text()
    examples = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert examples
    surroundings = {
        **os.environ,
        # Where our stand-in for grpcurl is, and the interpreter that it runs in.
        "PATH": os.pathsep.join([str(Path(__file__).parent), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "GRPC": scorecast.grpc,
        "SCORECAST": f"http://{scorecast.http}",
        "HOST_PASSWORD": scorecast.host_password(),
    }
    ended = subprocess.run(command, input="".join(examples), env=surroundings, text=True,
                           capture_output=True, timeout=SECONDS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
