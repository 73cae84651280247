"""The programs as processes: where they listen, what they log, how they stop."""

import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

BUILT = Path(os.environ.get("BUILT", Path(__file__).parents[2] / "target/debug"))
START_SECONDS = 30
STOP_SECONDS = 30
HTTP_SECONDS = 10


class Program:
    """A running program: `addresses` by protocol, and every line of its log."""

    def __init__(self, name, settings, protocols, arguments=()):
        self._process = subprocess.Popen(
            [str(BUILT / name), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **settings},
        )
        self.log = []
        self._log_reader = threading.Thread(target=self._read_log, daemon=True)
        self._log_reader.start()
        self.addresses = self._announced(set(protocols))
        threading.Thread(target=self._process.stdout.read, daemon=True).start()

    def _read_log(self):
        self.log.extend(line.rstrip("\n") for line in self._process.stderr)

    def _announced(self, protocols):
        too_late = threading.Timer(START_SECONDS, self._process.kill)
        too_late.start()
        addresses = {}
        for line in self._process.stdout:
            if announced := re.match(r"listening on (\S+) \((\w+)\)", line):
                addresses[announced[2]] = announced[1]
            if protocols <= addresses.keys():
                too_late.cancel()
                return addresses
        raise RuntimeError(f"it did not start: {addresses} {self.log}")

    def request(self, method, path, body=None, token=None, headers=None):
        """One HTTP request: its status and its body, read if it is JSON."""
        headers = {"Content-Type": "application/json", **(headers or {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        url = f"http://{self.addresses['HTTP']}{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as response:
                return response.status, _body(response)
        except urllib.error.HTTPError as refusal:
            return refusal.code, _body(refusal)

    def until_ready(self):
        until = time.monotonic() + START_SECONDS
        while self.request("GET", "/readyz")[0] != 200:
            if time.monotonic() > until:
                raise RuntimeError("it did not become ready")

    def stop(self):
        """Asks the program to stop and waits; gives its exit code and how many seconds it took."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_SECONDS)
        finally:
            self._process.kill()
        self._log_reader.join(STOP_SECONDS)
        return code, time.monotonic() - began


class Servers:
    """A private Postgres and a private Redis: `stores` are the settings that name them."""

    def __init__(self):
        self._process = subprocess.Popen(
            [str(BUILT / "servers")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.stores = dict(self._process.stdout.readline().strip().split("=", 1) for _ in range(2))

    def stop(self):
        self._process.stdin.close()
        self._process.wait(STOP_SECONDS)


def _body(response):
    is_json = response.headers.get_content_type() == "application/json"
    return json.load(response) if is_json else response.read().decode()
