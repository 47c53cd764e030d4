// Random lives of keys against a small model: after every step, crash and jump of the clock the service shows what the
// model says, and permits what the validity of each version permits. STRONGROOM_MODEL_SECONDS runs it for longer.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type Reply, type RunningInstance, startRunningInstance } from '../support/running-instance.ts';
import { DAY, KeyModel, type ModelVersion, RETENTION_DAYS, refusalOf } from './key-model.ts';

const SECONDS = Number(process.env['STRONGROOM_MODEL_SECONDS'] ?? 12);
const HOUR = 3600;
const NAMES = ['a', 'B'] as const;
const BLOCK = Buffer.alloc(16, 5).toString('base64url');

type Step =
  | { readonly do: 'create' | 'delete' | 'recover' | 'purge'; readonly name: string }
  | { readonly do: 'encrypt' | 'decrypt'; readonly name: string; readonly version: number }
  | { readonly do: 'enable' | 'disable' | 'valid from later' | 'valid until later'; readonly name: string }
  | { readonly do: 'jump'; readonly hours: number }
  | { readonly do: 'restart' | 'kill a partition' };

const name = fc.constantFrom(...NAMES);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('create' as const), name }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'recover', 'purge'), name }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom('encrypt' as const, 'decrypt'), name, version: fc.nat({ max: 3 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('enable' as const, 'disable', 'valid from later', 'valid until later'),
      name,
    }),
  },
  // No sum of these comes near the times that steps set (25 and 40 hours, 7 days): the model need not be to the second.
  { weight: 4, arbitrary: fc.record({ do: fc.constant('jump' as const), hours: fc.constantFrom(7, 50, 200) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'kill a partition') }) },
);

let instance: RunningInstance;
let token: string;
let offset = 0;
let runs = 0;
before(async () => {
  instance = await startRunningInstance();
  await instance.activate();
  const principal = randomUUID();
  await instance.assign('Managed HSM Crypto User', principal);
  await instance.assign('Managed HSM Crypto Officer', principal);
  token = await instance.issuer.token(principal, { exp: Math.floor(Date.now() / 1000) + 6 * HOUR });
});
after(() => instance[Symbol.asyncDispose]());

const now = (): number => Date.now() / 1000 + offset;
const ask = (method: string, path: string, body?: unknown): Promise<Reply> =>
  instance.ask(method, `${path}${path.includes('?') ? '&' : '?'}api-version=7.6`, {
    token,
    ...(body === undefined ? {} : { body }),
  });

function outcomeOf(reply: Reply): string {
  if (reply.status < 300) return String(reply.status);
  const { error } = reply.json as { error: { code: string; innererror?: { code: string } } };
  return error.innererror === undefined ? error.code : `${error.code}/${error.innererror.code}`;
}

/** The one that there is, once it is back from the time before. */
async function killPartition(): Promise<void> {
  for (const end = performance.now() + 90_000; ; ) {
    const [pid] = instance.service.modulePids;
    try {
      if (pid !== undefined && process.kill(pid, 'SIGKILL')) return;
    } catch {
      // It has ended, and the service has not heard of it yet.
    }
    assert.ok(performance.now() < end, 'no partition came back');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** One life, under names that no other run has. */
class Life {
  readonly #prefix = `run-${runs++}-`;
  readonly #model = new KeyModel();

  async take(taken: Step): Promise<void> {
    switch (taken.do) {
      case 'create':
        return this.#create(this.#prefix + taken.name);
      case 'delete':
      case 'recover':
      case 'purge':
        return this.#move(taken.do, this.#prefix + taken.name);
      case 'encrypt':
      case 'decrypt':
        return this.#operate(taken.do, this.#prefix + taken.name, taken.version);
      case 'jump':
        return this.#jump(taken.hours * HOUR);
      case 'restart':
        return instance.restart();
      case 'kill a partition':
        return killPartition();
      default:
        return this.#update(taken.do, this.#prefix + taken.name);
    }
  }

  async #create(key: string): Promise<void> {
    const reply = await ask('POST', `/keys/${key}/create`, { kty: 'oct-HSM', key_size: 128 });
    const isTaken = this.#model.deleted(key) !== undefined;
    assert.equal(outcomeOf(reply), isTaken ? 'Conflict/ObjectIsDeletedButRecoverable' : '200');
    if (isTaken) return;
    const { kid } = (reply.json as { key: { kid: string } }).key;
    this.#model.addVersion(key, { id: kid.slice(-32), enabled: true });
  }

  async #move(move: 'delete' | 'recover' | 'purge', key: string): Promise<void> {
    const [method, path, from, success] = {
      delete: ['DELETE', `/keys/${key}`, this.#model.live(key), '200'],
      recover: ['POST', `/deletedkeys/${key}/recover`, this.#model.deleted(key), '200'],
      purge: ['DELETE', `/deletedkeys/${key}`, this.#model.deleted(key), '204'],
    }[move] as [string, string, object | undefined, string];
    const reply = await ask(method, path);
    assert.equal(outcomeOf(reply), from === undefined ? 'KeyNotFound' : success);
    if (from === undefined) return;
    if (move !== 'delete') this.#model[move](key);
    else {
      const { deletedDate, scheduledPurgeDate } = reply.json as { deletedDate: number; scheduledPurgeDate: number };
      assert.ok(Math.abs(deletedDate - now()) < 60);
      assert.equal(scheduledPurgeDate - deletedDate, RETENTION_DAYS * DAY);
      this.#model.delete(key, scheduledPurgeDate);
    }
  }

  async #operate(operation: 'encrypt' | 'decrypt', key: string, index: number): Promise<void> {
    const versions = this.#model.live(key)?.versions ?? [];
    const version: ModelVersion | undefined = versions[index % Math.max(1, versions.length)];
    const value = operation === 'encrypt' ? BLOCK : (version?.ciphertext ?? BLOCK);
    const id = version?.id ?? '0'.repeat(32);
    const reply = await ask('POST', `/keys/${key}/${id}/${operation}`, { alg: 'A128CBC', iv: BLOCK, value });
    const refusal = version === undefined ? 'KeyNotFound' : refusalOf(version, operation, now());
    assert.equal(outcomeOf(reply), refusal ?? '200');
    if (refusal !== undefined || version === undefined) return;
    const { value: result } = reply.json as { value: string };
    if (operation === 'encrypt') version.ciphertext = result;
    else if (version.ciphertext !== undefined) assert.equal(result, BLOCK, 'what a version closed, it opens');
  }

  async #update(change: 'enable' | 'disable' | 'valid from later' | 'valid until later', key: string): Promise<void> {
    const attributes = {
      enable: { enabled: true },
      disable: { enabled: false },
      'valid from later': { nbf: Math.floor(now()) + 25 * HOUR },
      'valid until later': { exp: Math.floor(now()) + 40 * HOUR },
    }[change];
    const reply = await ask('PATCH', `/keys/${key}`, { attributes });
    const current = this.#model.current(key);
    const { nbf, exp } = { ...current, ...attributes };
    const isEmpty = nbf !== undefined && exp !== undefined && nbf >= exp;
    assert.equal(outcomeOf(reply), current === undefined ? 'KeyNotFound' : isEmpty ? 'BadParameter' : '200');
    if (current !== undefined && !isEmpty) Object.assign(current, attributes);
  }

  async #jump(seconds: number): Promise<void> {
    const admin = await instance.adminToken();
    const reply = await instance.ask('POST', '/strongroom/clock', { token: admin, body: { advanceSeconds: seconds } });
    assert.equal(reply.status, 200, reply.text);
    offset += seconds;
    const due = NAMES.map((each) => this.#prefix + each).filter(
      (key) => (this.#model.deleted(key)?.purgeAt ?? Number.POSITIVE_INFINITY) <= now(),
    );
    this.#model.purgeDue(now());
    const end = performance.now() + 90_000;
    for (const key of due) {
      while ((await ask('GET', `/deletedkeys/${key}`)).status !== 404) {
        assert.ok(performance.now() < end, `${key} was not purged`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** What is shown is what the model says, and every version does what its state permits. */
  async check(): Promise<void> {
    for (const key of NAMES.map((each) => this.#prefix + each)) {
      const live = this.#model.live(key);
      const deleted = this.#model.deleted(key);
      const current = live?.versions.at(-1);
      const shown = await ask('GET', `/keys/${key}`);
      assert.equal(outcomeOf(shown), current === undefined ? 'KeyNotFound' : '200');
      if (current !== undefined) {
        const { key: jwk, attributes } = shown.json as { key: { kid: string }; attributes: Record<string, unknown> };
        assert.ok(jwk.kid.endsWith(`/${key}/${current.id}`), 'without a version the current one is meant');
        assert.deepEqual(
          [attributes['enabled'], attributes['nbf'], attributes['exp']],
          [current.enabled, current.nbf, current.exp],
        );
      }
      const { value } = (await ask('GET', `/keys/${key}/versions`)).json as { value: { kid: string }[] };
      assert.deepEqual(
        value.map(({ kid }) => kid.slice(-32)),
        (live?.versions ?? []).map(({ id }) => id).slice(0, 25),
      );
      const inBin = await ask('GET', `/deletedkeys/${key}`);
      assert.equal(outcomeOf(inBin), deleted === undefined ? 'KeyNotFound' : '200');
      if (deleted !== undefined) {
        assert.equal((inBin.json as { scheduledPurgeDate: number }).scheduledPurgeDate, deleted.purgeAt);
        const id = deleted.versions.at(-1)?.id ?? '';
        const used = await ask('POST', `/keys/${key}/${id}/encrypt`, { alg: 'A128CBC', iv: BLOCK, value: BLOCK });
        assert.equal(outcomeOf(used), 'KeyNotFound');
      }
      for (const [index, version] of (live?.versions ?? []).entries()) {
        await this.#operate('encrypt', key, index);
        if (version.ciphertext !== undefined) await this.#operate('decrypt', key, index);
      }
    }
  }
}

test('whatever happens to keys, the service shows and permits what the model says', async (context) => {
  const end = performance.now() + SECONDS * 1000;
  const start = runs;
  const lives = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
    const life = new Life();
    for (const taken of steps) {
      await life.take(taken);
      await life.check();
    }
  });
  // Rare among random lives, and the partition is not back by then.
  await fc.assert(lives, { numRuns: 1, examples: [[[{ do: 'kill a partition' }, { do: 'kill a partition' }]]] });
  while (performance.now() < end) await fc.assert(lives, { numRuns: 4 });
  context.diagnostic(`${runs - start} lives`);
  assert.ok(runs - start >= 3, 'too slow to say anything');
});
