// What lasts, and what breaks: figures that are wrong for long enough, processes that do not run, files that are gone or others. The
// watcher's clock is moved, as nobody waits for days; what breaks is the throw-away product's own.
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { openEntries } from '../../features/audit/read-entries.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { silencesFile } from '../../watcher/alerts/alert-files.ts';
import { NEVER_SILENT } from '../../watcher/alerts/rule.ts';
import { silencesText } from '../../watcher/alerts/silences.ts';
import { commands as instance } from '../commands/instance.ts';
import { DOWN_OUTLET } from './receiver.ts';
import { lose } from './recovery.ts';
import type { Scenario, Scene } from './scene.ts';

const DAY_S = 86_400;
/** Longer than certificates and rehearsals of a throw-away product last. */
const YEARS_S = 4 * 366 * DAY_S;
/** Longer than any rule asks a state to last. */
const LASTS_S = 31 * DAY_S;

/** What a state has to last for is over once it holds, or the figures were looked at. */
async function last({ until, isHolding, isTested, moveClock }: Scene, states: readonly string[] = []): Promise<void> {
  await until(() => states.filter(isTested).every(isHolding), 30_000);
  await moveClock(LASTS_S, states.length === 0);
}

const years: Scenario = {
  fires: [
    ...['machine-clock-jumped', 'certificate-ending', 'rehearsal-overdue', 'witness-silent', 'sink-behind'],
    ...['sink-refuses', 'custodians-none-to-spare', 'outlet-failing'],
  ],
  does: "moved the watcher's clock by four years, with receivers that are down, one that refuses, a witness that is silent and one custodian gone",
  async run(scene) {
    await lose(scene, 1);
    // It rests while the machine has other things to do.
    const sink = join(scene.at.sinks, 'dislikes');
    const hasRefused = () =>
      readdirSync(sink).some((name) => /"refused":[1-9]/.test(readFileSync(join(sink, name), 'utf8')));
    if (scene.isTested('sink-refuses')) await scene.until(hasRefused);
    if (scene.isTested('outlet-failing')) {
      const isDown = () => scene.state()?.outlets[DOWN_OUTLET]?.failing !== undefined;
      // Something for it not to take.
      if (!isDown()) await silenced.run(scene);
      if (!(await scene.until(isDown))) throw new Error(`nothing was sent to anybody: is ${NEVER_SILENT} off?`);
    }
    await scene.moveClock(YEARS_S);
    await last(scene);
  },
};

const fewer: Scenario = {
  fires: ['custodians-too-few'],
  does: 'lost another custodian',
  async run(scene) {
    for (const n of scene.isTested('custodians-none-to-spare') ? [2] : [1, 2]) await lose(scene, n);
    await scene.moveClock(60);
    await last(scene);
  },
};

/** While the watcher's clock is right: it keeps no rule quiet for long. */
export const silenced: Scenario = {
  fires: ['alert-silenced'],
  does: 'silenced a rule that does not exist',
  async run({ at }) {
    const until = new Date(Date.now() + 60_000).toISOString();
    const silence = { id: randomUUID(), rule: 'nothing', until, reason: 'a test of the alerts', by: 'alerts test' };
    await replaceFile(silencesFile(at.watch), silencesText([silence]));
  },
};

/** Its place is taken by a file, so that whoever wants it cannot start. */
async function without(folder: string, whileItIs: () => Promise<void>): Promise<void> {
  await rename(folder, `${folder}.aside`);
  try {
    await writeFile(folder, '');
    await whileItIs();
  } finally {
    await rm(folder);
    await rename(`${folder}.aside`, folder);
  }
}

const NO_RECORDER = 'the recorder does not run';

const unrecorded: Scenario = {
  fires: ['recorder-down', 'management-log-down'],
  does: 'stopped the recorder of the HSM, and took the log of the management plane away',
  async run(scene) {
    const { at, pids, ask } = scene;
    const { managementRecorder, instances } = pids();
    const recorder = instances['dev']?.recorder ?? null;
    if (recorder === null) throw new Error(NO_RECORDER);
    process.kill(recorder, 'SIGSTOP');
    try {
      // Something that is to be put on record.
      const asked = Promise.allSettled(Array.from({ length: 20 }, () => ask('GET', '/keys')));
      await without(at.management.audit, async () => {
        if (managementRecorder !== null) process.kill(managementRecorder, 'SIGKILL');
        await last(scene, unrecorded.fires);
        await scene.until(() => unrecorded.fires.filter(scene.isTested).every(scene.hasFired), 30_000);
      });
      process.kill(recorder, 'SIGCONT');
      await asked;
    } finally {
      process.kill(recorder, 'SIGCONT');
    }
  },
};

const ATTEMPTS = 10;
/** The store asks the recorder before it commits, so that one stops as soon as the commit is being written: not each attempt hits it. */
const killed: Scenario = {
  fires: ['entries-missing'],
  does: 'killed the HSM between a change and its entry',
  async run({ dev, pids, ask, until }) {
    const isMissing = () => [...openEntries(dev.audit).from(0)].some(({ text }) => text.includes('StoreHeadCompleted'));
    const running = () => pids().instances['dev'] ?? { recorder: null, service: [] };
    const changed = () => statSync(join(dev.store, 'store.db-wal')).mtimeMs;
    for (let n = 0; n < ATTEMPTS && !isMissing(); n++) {
      const { recorder, service } = running();
      if (recorder === null) throw new Error(NO_RECORDER);
      let isAnswered = false;
      const before = changed();
      const asked = ask('PATCH', '/settings/StrongroomMaxTagsPerKey', { value: String(20 + n) })
        .catch(() => undefined)
        .finally(() => (isAnswered = true));
      while (changed() === before && !isAnswered) await setImmediate();
      process.kill(recorder, 'SIGSTOP');
      await delay(COMMITTED_MS);
      for (const pid of [...service, recorder]) process.kill(pid, 'SIGKILL');
      await asked;
      await until(() => running().recorder !== recorder && !running().service.some((pid) => service.includes(pid)));
      // It is another one that answers.
      await until(() => ask('GET', '/keys').then(Boolean, () => false));
    }
    if (!isMissing()) throw new Error(`the entry was there in each of ${ATTEMPTS} attempts`);
  },
};
const COMMITTED_MS = 50;

const stop = (scene: Scene) => scene.strongroom(instance, 'instance stop', '--hsm-name', 'dev');
const start = (scene: Scene) => scene.strongroom(instance, 'instance start', '--hsm-name', 'dev');

const unwitnessed: Scenario = {
  fires: ['store-refused', 'missing-witness-accepted'],
  does: 'put an older store back, deleted what witnesses store and log, and had the HSM go on all the same',
  async run(scene) {
    const { dev, strongroom } = scene;
    await stop(scene);
    const older = `${dev.store}.older`;
    await cp(dev.store, older, { recursive: true });
    await start(scene);
    await scene.ask('PATCH', '/settings/StrongroomMaxTagsPerKey', { value: '22' });
    await stop(scene);
    await rename(dev.store, `${dev.store}.newer`);
    await rename(older, dev.store);
    await start(scene).catch(() => undefined); // refused
    await stop(scene);
    await rm(dev.store, { recursive: true });
    await rename(`${dev.store}.newer`, dev.store);
    for (const name of await readdir(dev.module))
      if (/^(head|checkpoint-\d+)\.sealed$/.test(name)) await rm(join(dev.module, name));
    await start(scene).catch(() => undefined); // refused
    await strongroom(instance, 'instance accept', '--hsm-name', 'dev', '--reason', 'a test of the alerts');
    await stop(scene);
    await start(scene);
  },
};

const down: Scenario = {
  fires: ['instance-down'],
  does: 'took the folder of its module from the HSM, so that it does not start',
  async run(scene) {
    await stop(scene);
    await without(scene.dev.module, async () => {
      const starting = start(scene).catch(() => undefined); // it does not serve
      await scene.fares((activation) => activation === 'Failed');
      const isMissing = () => scene.isTested('instance-down') && !scene.hasFired('instance-down');
      // While it is tried again it has not failed for a moment, and what lasts begins anew.
      for (const late = performance.now() + 90_000; isMissing() && performance.now() < late; ) {
        await last(scene, down.fires);
        await scene.until(() => !isMissing(), 5_000);
      }
      await starting;
      await stop(scene);
    });
  },
};

/** The last one: there is no log of the HSM any more. */
const replaced: Scenario = {
  fires: ['log-replaced'],
  does: 'put an older copy of the log in the place of the log',
  async run(scene) {
    const { dev, at } = scene;
    const copy = join(at.root, 'older-log');
    await cp(dev.audit, copy, { recursive: true });
    await start(scene);
    for (let n = 0; n < 5; n++) await scene.ask('GET', '/keys');
    await stop(scene);
    await scene.until(scene.isJudged, 15_000);
    await rename(dev.audit, join(at.root, 'newer-log'));
    await rename(copy, dev.audit);
  },
};

export const time: readonly Scenario[] = [years, fewer];
export const machine: readonly Scenario[] = [unrecorded, killed, unwitnessed];
/** They leave no HSM that serves. */
export const ends: readonly Scenario[] = [down, replaced];
