import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Connection, connection, type Plan, type State } from '../src/connection.ts';
import { fakeNetwork } from './fake-network.ts';

let network: ReturnType<typeof fakeNetwork>;
let states: State[];
let open: Connection[];

beforeEach(() => {
  network = fakeNetwork();
  states = [];
  open = [];
});
afterEach(() => {
  for (const one of open) one.close();
  network.end();
});

/** A connection whose delays are the longest possible. */
function connect(plan: Partial<Plan> = {}): Connection {
  const made = connection({
    dial: () => ({ url: 'ws://server/' }),
    onMessage: () => {},
    onState: (state) => states.push(state),
    probe: () => {},
    random: () => 1,
    WebSocket: network.WebSocket,
    ...plan,
  });
  made.open();
  open.push(made);
  return made;
}

/** Loses the present socket and says how long it took until the next dial, if there is one. */
async function delayAfterLoss(code?: number, reason?: string): Promise<number | undefined> {
  (await network.socket()).breaks(code, reason);
  const before = network.dials();
  for (let waited = 0; waited <= 70_000; waited += 100) {
    if (network.dials() > before) return waited;
    await network.pass(100);
  }
  return undefined;
}

describe('a lost connection', () => {
  test('is dialled again after 1, 2, 4, 8 and 16 seconds at most, then given up', async () => {
    const it = connect();
    const delays = [];
    for (let loss = 0; loss < 6; loss++) delays.push(await delayAfterLoss());
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16000, undefined]);
    expect(network.dials()).toBe(6);
    expect(it.state).toEqual({ phase: 'exhausted', attempt: 5 });
  });

  test('waits a random part of that time', async () => {
    connect({ random: () => 0.25 });
    expect([await delayAfterLoss(), await delayAfterLoss()]).toEqual([300, 500]);
  });

  test('says which attempt it is', async () => {
    const it = connect();
    await delayAfterLoss();
    await delayAfterLoss();
    expect(it.state).toEqual({ phase: 'connecting', attempt: 2 });
  });

  test('waits as long as a leaving server asks, but no longer than a minute', async () => {
    connect({ random: () => 0 });
    (await network.socket()).accepts();
    expect(await delayAfterLoss(1001, 'retry_after_ms=2500')).toBe(2500);
    (await network.socket()).accepts();
    expect(await delayAfterLoss(1001, 'retry_after_ms=999999')).toBe(60_000);
  });

  test('counts on where it was when it opens only to be dropped again', async () => {
    const it = connect();
    for (let loss = 0; loss < 6; loss++) {
      (await network.socket()).accepts();
      await network.pass(4900);
      await delayAfterLoss();
    }
    expect(it.state.phase).toBe('exhausted');
  });

  test('has all attempts ahead again once it held for five seconds', async () => {
    connect();
    await delayAfterLoss();
    await delayAfterLoss();
    (await network.socket()).accepts();
    await network.pass(5000);
    expect(await delayAfterLoss()).toBe(1000);
  });

  test('counts a dial that nobody answers within eight seconds', async () => {
    const it = connect();
    const socket = await network.socket();
    await network.pass(8000);
    expect(it.state).toEqual({ phase: 'waiting', attempt: 1 });
    expect(socket.closed).toBeDefined();
  });

  test('counts a dial for which no address could be had', async () => {
    const it = connect({ dial: () => Promise.reject(new Error('no token server')) });
    await network.pass(0);
    expect(it.state).toEqual({ phase: 'waiting', attempt: 1 });
  });
});

describe('hope comes', () => {
  async function exhausted(): Promise<Connection> {
    const it = connect();
    for (let loss = 0; loss < 6; loss++) await delayAfterLoss();
    expect(it.state.phase).toBe('exhausted');
    return it;
  }

  test.each([
    ['from the network', () => network.goOnline()],
    ['from a tab that is looked at', () => network.show()],
    ['from a person', async () => open[0]?.open()],
  ])('%s: it dials at once and with all attempts ahead', async (_, hope) => {
    await exhausted();
    await hope();
    await network.socket();
    expect(network.dials()).toBe(7);
    expect(await delayAfterLoss()).toBe(1000);
  });

  test('not from a tab that is hidden', async () => {
    await exhausted();
    network.hide();
    await network.pass(100_000);
    expect(network.dials()).toBe(6);
  });
});

describe('without a network', () => {
  test('it says so at once, uses up no attempt and comes back with the network', async () => {
    const it = connect();
    (await network.socket()).accepts();
    await network.goOffline();
    expect(it.state).toEqual({ phase: 'offline', attempt: 0 });
    await network.pass(600_000);
    expect(network.dials()).toBe(1);
    await network.goOnline();
    (await network.socket()).accepts();
    expect(network.dials()).toBe(2);
    expect(it.state.phase).toBe('open');
  });

  test('nothing is dialled', async () => {
    await network.goOffline();
    expect(connect().state.phase).toBe('offline');
    expect(network.dials()).toBe(0);
  });
});

describe('silence', () => {
  test('of a minute makes it ask, and an answer reassures it', async () => {
    const probe = vi.fn();
    const it = connect({ probe });
    const socket = (await network.socket()).accepts();
    await network.pass(59_999);
    expect(probe).not.toHaveBeenCalled();
    await network.pass(1);
    expect(probe).toHaveBeenCalledOnce();
    socket.says({ type: 'pong' });
    await network.pass(59_999);
    expect(it.state.phase).toBe('open');
    expect(probe).toHaveBeenCalledOnce();
  });

  test('after the question means that the other side has gone', async () => {
    const it = connect();
    (await network.socket()).accepts();
    await network.pass(65_000);
    expect(it.state.phase).toBe('waiting');
    await network.pass(1000);
    expect(network.dials()).toBe(2);
  });

  test('may be explained by other means', async () => {
    const it = connect({ probe: (alive) => alive() });
    (await network.socket()).accepts();
    await network.pass(600_000);
    expect(it.state.phase).toBe('open');
    expect(network.dials()).toBe(1);
  });

  test('is looked into when the tab is looked at again', async () => {
    const probe = vi.fn();
    connect({ probe });
    (await network.socket()).accepts();
    network.hide();
    expect(probe).not.toHaveBeenCalled();
    await network.show();
    expect(probe).toHaveBeenCalledOnce();
  });
});

describe('a token', () => {
  test('that is refused is asked for once more, at once', async () => {
    const dial = vi.fn((refused: boolean) => ({ url: refused ? 'ws://fresh/' : 'ws://old/' }));
    const it = connect({ dial });
    (await network.socket()).accepts().breaks(4401);
    const fresh = (await network.socket()).accepts();
    expect(fresh.url).toBe('ws://fresh/');
    expect(it.state).toEqual({ phase: 'open', attempt: 0 });
  });

  test('that is refused twice ends it until somebody signs in', async () => {
    const it = connect();
    (await network.socket()).accepts().breaks(4401);
    (await network.socket()).accepts().breaks(4401);
    expect(it.state.phase).toBe('signed-out');
    await network.show();
    await network.goOnline();
    await network.pass(600_000);
    expect(network.dials()).toBe(2);
    it.open();
    await network.socket();
    expect(network.dials()).toBe(3);
  });

  test('that expires much later is asked for again', async () => {
    const it = connect();
    for (let hour = 0; hour < 3; hour++) {
      (await network.socket()).accepts();
      await network.pass(5000);
      (await network.socket()).breaks(4401);
    }
    (await network.socket()).accepts();
    expect(it.state.phase).toBe('open');
  });

  test('that nobody has means signed out, without a dial', async () => {
    const it = connect({ dial: () => null });
    await network.pass(0);
    expect(it.state.phase).toBe('signed-out');
    expect(network.dials()).toBe(0);
  });
});

describe('the end', () => {
  test('is said with code 1000 and lasts', async () => {
    const it = connect();
    const socket = (await network.socket()).accepts();
    it.close('sign-out');
    expect(socket.closed).toEqual({ code: 1000, reason: 'sign-out' });
    socket.breaks(1000);
    await network.goOnline();
    await network.show();
    await network.pass(600_000);
    expect(it.state.phase).toBe('idle');
    expect(network.dials()).toBe(1);
  });

  test('comes with a deleted quiz', async () => {
    const it = connect();
    (await network.socket()).accepts().breaks(4404);
    await network.pass(600_000);
    expect(it.state.phase).toBe('gone');
    expect(network.dials()).toBe(1);
  });

  test('between two openings leaves one socket', async () => {
    const it = connect({ dial: async () => ({ url: 'ws://server/' }) });
    it.close();
    it.open();
    await network.socket();
    expect(network.dials()).toBe(1);
  });
});

test('what a replaced socket still says is ignored', async () => {
  const onMessage = vi.fn();
  const it = connect({ onMessage });
  const old = (await network.socket()).accepts();
  it.open();
  (await network.socket()).accepts().says({ from: 'new' });
  old.says({ from: 'old' });
  old.breaks();
  expect(onMessage.mock.calls).toEqual([[{ from: 'new' }]]);
  expect(it.state.phase).toBe('open');
});

test('what is not a JSON object is ignored', async () => {
  const onMessage = vi.fn();
  connect({ onMessage });
  const socket = (await network.socket()).accepts();
  for (const nonsense of ['{"half":', 'null', '7', '"text"']) socket.says(nonsense);
  expect(onMessage).not.toHaveBeenCalled();
});

test('nothing is sent while not connected', async () => {
  const it = connect();
  const socket = await network.socket();
  it.send({ type: 'ping' });
  expect(socket.sent).toEqual([]);
});
