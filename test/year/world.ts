// A product that watches, whom it tells, who uses it, and one clock for all of them, which goes on when it is told to.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { cosignedFile, readCosigned } from '../../src/deployment/cosigned-checkpoints.ts';
import { places } from '../../src/deployment/data-layout.ts';
import { type DevClients, readDevClients } from '../../src/deployment/dev-clients.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { formatVkey } from '../../src/formats/signed-note.ts';
import { AcceptedLogs } from '../../src/tools/witness/accepted-logs.ts';
import { makeIdentity } from '../../src/tools/witness/identity.ts';
import { serveWitness } from '../../src/tools/witness/serve.ts';
import { alertStateFile } from '../../src/watcher/alerts/alert-files.ts';
import { parseAlertState } from '../../src/watcher/alerts/alert-state.ts';
import { readRules } from '../../src/watcher/alerts/rules.ts';
import { readPosition } from '../../src/watcher/sinks/kept-position.ts';
import { positionFile } from '../../src/watcher/sinks/sink-status.ts';
import { findLogs, type WatchedLog } from '../../src/watcher/watched-logs.ts';
import { type FaultControl, insideFlags } from '../chaos/fault-control.ts';
import { type Ended, runIn } from '../conformance/run-in.ts';
import { type ArmClient, armClient } from '../support/arm-client.ts';
import type { TestCustodian } from '../support/custodians.ts';
import { type Answered, type InstanceClient, instanceClient, tokenFor } from '../support/instance-client.ts';
import { CHECKOUT, productEnvironment, type RunningProduct, startProduct } from '../support/running-product.ts';
import { Ledger } from './ledger.ts';
import { type Receivers, startReceivers } from './receivers.ts';

export type Who = 'admin' | 'orders' | 'reports' | 'alice';

const HOUR = 3600;
export const DAY: number = 24 * HOUR;
/** What the ready data did is older than a day, and told to nobody. */
const BEFORE = 2 * DAY;
const CORES = 2;
const LOOK_MS = 50;
/** Looks in a row in which nobody gets any further: it has failed then. */
const LOOKS = 3000;
/** Looks at all: who gets further for so long never gets there. */
const MOST_LOOKS = 5 * LOOKS;
/** Seconds that go by with each look, while nothing is on its way that they could cut off. */
const MEANWHILE = 1;
/** Looks after which no time goes by for a sink or for rules at work: before, it has less than any rule about them asks for. */
const SOON = 200;
/** Seconds; more than any rule asks for. */
const LASTS = 5000;
/** Seconds. `time-goes-by` holds in every second one, so it tells which one the figures were last looked at in. */
const SLOT = 1000;
const SLOT_RULE = {
  kind: 'metric',
  severity: 'info',
  title: 'Time goes by',
  text: 'It holds in every other slot, and never for long enough to be told.',
  runbook: 'https://wiki.example.com/time',
  metric: 'strongroom_process_resident_memory_bytes',
  when: `labels.process == "watcher" && int(now / ${SLOT}.0) % 2 == 0`,
  for: 30 * DAY,
};

interface Made {
  readonly folder: string;
  readonly receivers: Receivers;
  readonly control: FaultControl;
  /** Path of the configuration. */
  readonly config: string;
  readonly witness: Witness;
  readonly product: RunningProduct;
  /** What ends with it. */
  readonly stack: AsyncDisposableStack;
}

export class World implements AsyncDisposable {
  readonly folder: string;
  readonly receivers: Receivers;
  readonly ledger: Ledger = new Ledger();
  readonly began: string = new Date().toISOString();
  readonly #control: FaultControl;
  readonly #stack: AsyncDisposableStack;
  readonly #config: string;
  readonly #witness: Witness;
  #product: RunningProduct;
  readonly #clients: DevClients;
  #arm: ArmClient | undefined;
  readonly #instances = new Map<string, InstanceClient>();
  readonly #keys = new Map<string, string>();
  #passed: number;
  #isAway = false;

  private constructor(made: Made) {
    this.folder = made.folder;
    this.receivers = made.receivers;
    this.#control = made.control;
    this.#stack = made.stack;
    this.#config = made.config;
    this.#witness = made.witness;
    this.#product = made.product;
    this.#clients = readDevClients(this.#product.data);
    this.#passed = BEFORE;
  }

  static async open(folder: string, control: FaultControl): Promise<World> {
    await using stack = new AsyncDisposableStack();
    control.setPassed(BEFORE);
    const titles = new Map(readRules().map(({ title, name }) => [title, name]));
    const receivers = stack.use(await startReceivers(folder, titles));
    const witness = await startWitness(join(folder, 'witness'));
    stack.defer(() => witness.away());
    const rules = join(folder, 'rules');
    mkdirSync(rules);
    writeFileSync(join(rules, 'time-goes-by.json'), JSON.stringify(SLOT_RULE));
    const config = join(folder, 'config.json');
    const { sinks, outlets } = receivers.config;
    const witnesses = [{ name: 'other-team', url: witness.url, key: witness.vkey }];
    writeFileSync(config, JSON.stringify({ sinks, witnesses, alerts: { outlets, rules } }));
    const data = join(folder, 'data');
    const product = await startProduct({ data, first: false, config, inside: inside(control) });
    return new World({ folder, receivers, control, config, witness, product, stack: stack.move() });
  }

  get data(): string {
    return this.#product.data;
  }

  get places() {
    return places(this.data);
  }

  get logs(): readonly WatchedLog[] {
    return findLogs(this.places, readdirSync(this.places.instances));
  }

  get watcher(): number | null {
    return this.#product.state.pids.watcher;
  }

  /** On all clocks. */
  pass(seconds: number): void {
    this.#passed += Math.ceil(seconds);
    this.#control.setPassed(this.#passed);
    // Connections and tokens may be too old now.
    this.#forgetClients();
  }

  /** What is to be told is told, and then so much time goes by; what has come of it is told, too. */
  async go(seconds: number): Promise<void> {
    await this.settle();
    this.pass(seconds);
    if (this.#isAway) return this.measured();
    await this.witnessed();
    await this.settle();
  }

  /** What has to last before it is told has lasted. */
  async last(): Promise<void> {
    // Twice: what is kept of the last look may be older than it, and a look that had begun before may end in the first one.
    await this.measured();
    await this.measured();
    await this.settle();
    this.pass(LASTS);
    await this.measured();
    await this.measured();
    await this.settle();
  }

  /** To that hour of the day, UTC. */
  async goToHour(hour: number): Promise<void> {
    const now = Date.now() / 1000;
    const today = Math.floor(now / DAY) * DAY + hour * HOUR;
    await this.go(today > now ? today - now : today + DAY - now);
  }

  /** Resolves when everybody was told of everything that the logs hold; while they are away, at once. */
  async settle(): Promise<void> {
    if (!this.#isAway) await this.until(() => this.#unsettled());
  }

  /** Resolves when the figures have been looked at once more, when nothing was on its way that the clock could cut off. */
  async measured(): Promise<void> {
    await this.settle();
    const holds = (): boolean =>
      Object.keys(this.#alerts()?.holding ?? {}).some((key) => key.startsWith('["time-goes-by"'));
    // To a slot that is not as that of the last look.
    const before = holds();
    const now = Date.now() / 1000;
    const next = Math.floor(now / SLOT) + 1;
    this.pass((next + (before === (next % 2 === 0) ? 1 : 0)) * SLOT + 100 - now);
    await this.until(() => (holds() === before ? 'figures are not looked at' : undefined));
  }

  /** @param unmet says what is missing yet */
  async until(unmet: () => string | undefined): Promise<void> {
    let why = unmet();
    let got = { far: '', looks: 0 };
    let stood = 0;
    for (let looks = 0; why !== undefined; looks++, why = unmet()) {
      if (looks % 50 === 0) {
        const far = `${why}; ${this.#howFar()}`;
        if (far !== got.far) got = { far, looks };
        const isOver = looks - got.looks >= LOOKS || looks >= MOST_LOOKS;
        assert.ok(!isOver, `${far}; the same for ${looks - got.looks} of ${looks} looks, without time in ${stood}`);
      }
      await delay(LOOK_MS);
      const isSlow = (): boolean => this.#unjudged() !== undefined || this.#isSinkAtWork();
      const isAtWork = (): boolean => this.#isSending() || (looks > SOON && isSlow());
      if (this.#isStarting || (!this.#isAway && isAtWork())) {
        stood += 1;
        continue;
      }
      this.pass(MEANWHILE);
      await setImmediate(); // for a timer of ours that is set now the time is that of now
    }
  }

  /** Resolves when the witness has signed all logs that grow. */
  async witnessed(): Promise<void> {
    if (this.#isAway) return;
    await this.until(() => {
      const late = this.logs.filter(({ instance, isManagement, origin }) => {
        if (instance === undefined && !isManagement) return false;
        const [note] = Object.values(readCosigned(cosignedFile(this.places.watch, origin)).checkpoints);
        return !(timeOf(note) > Date.now() / 1000 - HOUR);
      });
      return late.length === 0 ? undefined : `no witness has signed ${late.map(({ origin }) => origin).join(', ')}`;
    });
  }

  #unsettled(): string | undefined {
    const alerts = this.#alerts();
    if (alerts === undefined) return 'alerts keep nothing yet';
    const { outlets, acts } = alerts;
    const waiting = Object.entries(outlets).find(
      ([, { pending, aside, sending }]) => pending.length + aside.length > 0 || sending !== undefined,
    );
    if (waiting !== undefined) return `${waiting[0]} is to be told`;
    if (acts.length > 0) return `${acts.length} acts are to be put on record`;
    const unjudged = this.#unjudged();
    if (unjudged !== undefined) return `${unjudged} is not judged`;
    const [lacking] = this.#lacking();
    return lacking === undefined ? undefined : `${lacking.sink} lacks entries of ${lacking.origin}`;
  }

  /** Origin of a log that has entries which the rules were not asked about. */
  #unjudged(): string | undefined {
    const { logs = {} } = this.#alerts() ?? {};
    return this.logs.find(({ origin, folder }) => (logs[idOf(origin)]?.next ?? 0) < openEntries(folder).size)?.origin;
  }

  /** Of each log how many entries there are, are judged, and are at each sink; of each outlet what waits and what was taken. */
  #howFar(): string {
    const { logs = {}, outlets = {}, acts = [] } = this.#alerts() ?? {};
    const read = this.logs.map(({ origin, folder }) => {
      const id = idOf(origin);
      const sinks = Object.keys(this.receivers.sinks).map((sink) => this.#position(sink, id)?.next ?? 0);
      return `${id.slice(0, 8)} ${[openEntries(folder).size, logs[id]?.next ?? 0, ...sinks].join(' ')}`;
    });
    const told = Object.entries(outlets).map(
      ([name, { pending, aside, taken }]) => `${name} ${pending.length} ${aside.length} ${taken}`,
    );
    return [...read, ...told, `acts ${acts.length}`].join(', ');
  }

  #position(sink: string, id: string) {
    return readPosition(positionFile(this.places.sinks, sink, id));
  }

  /** Sinks that have not got all of a log. */
  *#lacking() {
    for (const { origin, folder } of this.logs) {
      const { size } = openEntries(folder);
      for (const sink of Object.keys(this.receivers.sinks)) {
        const { next = 0, lastFailure, lastSuccess = '' } = this.#position(sink, idOf(origin)) ?? {};
        if (next < size) yield { sink, origin, isFailing: (lastFailure?.at ?? '') > lastSuccess };
      }
    }
  }

  /** It gets there by itself, however slow the machine is: no time has to go by for it. */
  #isSinkAtWork(): boolean {
    return [...this.#lacking()].some(({ isFailing }) => !isFailing);
  }

  #alerts() {
    try {
      return parseAlertState(readFileSync(alertStateFile(this.places.watch), 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return undefined;
    }
  }

  /** A watcher that was started is given its time to get ready, or it would never be: it keeps its state once more then. */
  get #isStarting(): boolean {
    if (this.watcher === null) return true; // until it says that it is ready
    const { mtimeMs: kept } = statSync(alertStateFile(this.places.watch), { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
    return kept < Date.now() - 1000 * this.#passed - ageOf(this.watcher);
  }

  /** What waits for its next attempt is not on its way. */
  #isSending(): boolean {
    const now = Date.now();
    const outlets = Object.values(this.#alerts()?.outlets ?? {});
    return outlets.some(({ sending, failing }) => sending !== undefined && !((failing?.next ?? 0) > now));
  }

  /** Whoever is to be told something has failed, and makes no other attempt for a while. */
  #isPaused(): boolean {
    const soon = Date.now() + 60_000;
    return Object.values(this.#alerts()?.outlets ?? {}).every(
      ({ pending, aside, sending, failing }) =>
        (pending.length + aside.length === 0 && sending === undefined) || (failing?.next ?? 0) > soon,
    );
  }

  /** Receivers and witness, at once. */
  async away(): Promise<void> {
    await this.settle();
    this.#isAway = true;
    await Promise.all([this.receivers.away(), this.#witness.away()]);
  }

  /** They come back, and the longest pause that anybody makes goes by. */
  async back(): Promise<void> {
    // Whoever waits has its turn now and fails, so that nothing is on its way when the clock is moved.
    this.pass(HOUR + 1);
    await this.measured();
    await this.measured();
    await this.until(() => (this.#isPaused() ? undefined : 'somebody is still being told'));
    await Promise.all([this.receivers.back(), this.#witness.back()]);
    this.pass(HOUR + 1);
    this.#isAway = false;
    await this.witnessed();
  }

  /** As another team would: the log's key comes from its custodians, or with the management plane's from its file. */
  accept(origin: string, vkey: string): void {
    this.#keys.set(origin, vkey);
    this.#witness.accepted.add(origin, vkey, new Date());
  }

  /** That verifies a log. */
  keyOf(origin: string): string | undefined {
    return this.#keys.get(origin);
  }

  acceptHsm(hsm: string, verificationKey: string): void {
    const { origin } = this.logs.find(({ instance }) => instance === hsm) ?? assert.fail(`no log of ${hsm}`);
    this.accept(origin, formatVkey(origin, Buffer.from(verificationKey, 'base64url')));
  }

  /** What a custodian's quorum opens: the key that verifies the HSM's log. */
  async verificationKey(domain: string, quorum: readonly TestCustodian[]): Promise<string> {
    const file = join(this.folder, 'domain.json');
    writeFileSync(file, domain);
    const keys = quorum.flatMap(({ name, certificatePem, privateKeyPem }) => {
      writeFileSync(join(this.folder, `${name}.cer`), certificatePem);
      writeFileSync(join(this.folder, `${name}.pem`), privateKeyPem, { mode: 0o600 });
      return ['--key', join(this.folder, `${name}.pem`)];
    });
    const { stdout } = await this.strongroom('custodian', 'open', file, '--json', ...keys);
    return (JSON.parse(stdout) as { readonly verificationKey: string }).verificationKey;
  }

  /** A command at its end, of the same time. */
  async strongroom(...words: readonly string[]): Promise<Ended> {
    const env = {
      ...productEnvironment(),
      ...this.#control.variables,
      STRONGROOM_CALLED: join(CHECKOUT, 'strongroom'),
    };
    const ended = await runIn({ cwd: CHECKOUT, env }, process.execPath, join(CHECKOUT, 'src/cli/main.ts'), ...words);
    assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.stdout}${ended.stderr}`);
    return ended;
  }

  async restart(): Promise<void> {
    await this.settle();
    this.#forgetClients();
    const { data } = this;
    await this.#product.stop();
    this.#product = await startProduct({ data, demo: false, config: this.#config, inside: inside(this.#control) });
  }

  /** What the resource manager is asked, to its end. */
  async arm(method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
    this.#arm ??= await armClient(this.#product, await this.#product.environment());
    const { status, text, json } = await this.#arm.finish(await this.#arm.ask(method, path, body));
    assert.ok(status < 300, `${method} ${path}: ${status} ${text}`);
    return json;
  }

  /** @param who the token's owner, or a token that somebody has made */
  async ask(
    hsm: string,
    who: Who | { readonly token: string },
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answered> {
    const name = typeof who === 'string' ? who : 'forged';
    const key = `${hsm} ${name}`;
    let client = this.#instances.get(key);
    if (client === undefined) {
      await this.#product.until(({ instances }) => (instances[hsm]?.port ?? 0) !== 0);
      const token = typeof who === 'string' ? await tokenFor(this.#product, this.#grant(who)) : who.token;
      client = instanceClient(this.#product, token, hsm);
      this.#instances.set(key, client);
    }
    return client.ask(method, path, body);
  }

  async done(...asked: Parameters<World['ask']>): Promise<Readonly<Record<string, unknown>>> {
    const { status, text, json } = await this.ask(...asked);
    assert.ok(status >= 200 && status < 300, `${asked.slice(0, 4).join(' ')}: ${status} ${text}`);
    return json;
  }

  objectIdOf(who: Who): string {
    const { applications, users } = this.#clients;
    return who === 'alice' ? users.alice.oid : applications[APPLICATIONS[who]].oid;
  }

  #grant(who: Who): Readonly<Record<string, string>> {
    const { applications, users } = this.#clients;
    if (who === 'alice') {
      const { upn: username, password } = users.alice;
      return { grant_type: 'password', client_id: AZ, username, password };
    }
    const { appId, secret } = applications[APPLICATIONS[who]];
    return { grant_type: 'client_credentials', client_id: appId, client_secret: secret };
  }

  #forgetClients(): void {
    for (const client of this.#instances.values()) client[Symbol.dispose]();
    this.#instances.clear();
    this.#arm = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#forgetClients();
    await this.#product[Symbol.asyncDispose]();
    await this.#stack[Symbol.asyncDispose]();
  }

  get output(): string {
    return this.#product.output;
  }
}

/** The application of the command line, which people log in by. */
const AZ = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
/** The owner of the subscription has no role in any HSM. */
const APPLICATIONS = { admin: 'admin', orders: 'consumer', reports: 'owner' } as const;

/** Milliseconds since a process was started, which no library of ours moves; one that has ended began long ago. */
function ageOf(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return 1000 * Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) - 10 * ticks;
}

function idOf(origin: string): string {
  return origin.slice(origin.indexOf('/') + 1);
}

function inside(control: FaultControl) {
  return { flags: insideFlags(CORES), variables: control.variables };
}

function timeOf(note: string | undefined): number {
  // A cosignature begins with its time, 64 bits, behind the four bytes that name its key.
  const signed = note?.trimEnd().split('\n').at(-1)?.split(' ')[2];
  return signed === undefined ? Number.NaN : Number(Buffer.from(signed, 'base64').readBigUInt64BE(4));
}

type Witness = Awaited<ReturnType<typeof startWitness>>;

async function startWitness(home: string) {
  const identity = makeIdentity(home, 'witness.example.org');
  const accepted = new AcceptedLogs(home, identity);
  const serve = (port: number) => serveWitness({ folder: home, host: '127.0.0.1', port, report: () => undefined });
  let serving = await serve(0);
  const { port } = serving;
  return {
    accepted,
    vkey: identity.vkey,
    url: `http://127.0.0.1:${port}`,
    away: () => serving[Symbol.asyncDispose](),
    async back() {
      serving = await serve(port);
    },
  };
}
