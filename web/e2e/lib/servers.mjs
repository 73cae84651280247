/** The real programs, on free ports and a folder of their own. */

import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '../../..');
const PROGRAMS = process.env.BUILT ?? join(REPOSITORY, 'target/debug');
const STARTING_MS = 20_000;

/** Starts scoring and a gateway in front of it, with more settings for the gateway if given. */
export async function startServers(settings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'scorecast-web-'));
  const jwtSecret = randomBytes(32).toString('hex');
  const hostPassword = randomBytes(12).toString('hex');
  const participantSecret = randomBytes(32).toString('hex');

  const startScoring = (listen) =>
    start('scoring', {
      SCORING_LISTEN: listen,
      LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}`,
      BOARD_URL: 'memory:',
    });
  const startGateway = (listen) =>
    start('gateway', {
      GATEWAY_LISTEN: listen,
      SCORING_URL: `http://${scoring.address}`,
      JWT_SECRET: jwtSecret,
      SIGN_IN: 'builtin',
      HOST_PASSWORD: hostPassword,
      PARTICIPANT_SECRET: participantSecret,
      SHUTDOWN_GRACE: '2s',
      ...settings,
    });

  let scoring = await startScoring('127.0.0.1:0');
  let gateway = await startGateway('127.0.0.1:0');
  const servers = {
    url: `http://${gateway.address}`,
    hostPassword,

    /** A token of the gateway's own issuer. */
    token(claims) {
      return sign({ exp: Math.floor(Date.now() / 1000) + 3600, ...claims }, jwtSecret);
    },

    /** Kills the gateway, as when its machine goes. */
    killGateway: () => gateway.end('SIGKILL'),
    /** Stops it as a new version would. */
    stopGateway: () => gateway.end('SIGTERM'),
    /** Starts it again where it was. */
    async restartGateway() {
      gateway = await startGateway(gateway.address);
    },
    /** Starts what a check has left dead. */
    async mend() {
      if (scoring.hasEnded()) await servers.restartScoring();
      if (gateway.hasEnded()) await servers.restartGateway();
    },
    killScoring: () => scoring.end('SIGKILL'),
    async restartScoring() {
      scoring = await startScoring(scoring.address);
    },

    /** A request to the API, as any client makes it. */
    async api(method, path, { token, body } = {}) {
      const response = await fetch(new URL(path, servers.url), {
        method,
        headers: {
          ...(token && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text.startsWith('{') ? JSON.parse(text) : text;
    },

    async close() {
      await gateway.end('SIGTERM');
      await scoring.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return servers;
}

/** Starts a program and waits until it says where it listens. */
async function start(name, settings) {
  const file = join(PROGRAMS, name);
  if (!existsSync(file)) throw new Error(`${file} is missing: cargo build --workspace`);
  const child = spawn(file, {
    env: { PATH: process.env.PATH, RUST_LOG: 'warn', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const ended = new Promise((done) => child.once('exit', done));
  let said = '';
  const address = await new Promise((found, failed) => {
    const timer = setTimeout(
      () => failed(new Error(`${name} does not start: ${said}`)),
      STARTING_MS,
    );
    const listen = (chunk) => {
      said = (said + chunk).slice(-4000);
      const listening = /listening on (?:http:\/\/)?([\d.]+:\d+)/.exec(said);
      if (!listening) return;
      clearTimeout(timer);
      found(listening[1]);
    };
    child.stdout.setEncoding('utf8').on('data', listen);
    child.stderr.setEncoding('utf8').on('data', listen);
    child.once('exit', (code) => failed(new Error(`${name} ended with ${code}: ${said}`)));
  });
  return {
    address,
    hasEnded,
    async end(signal) {
      if (!hasEnded()) child.kill(signal);
      await ended;
    },
  };
}

function sign(claims, secret) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
