// Judges how a deployment fares: one check per measurement, in the words of draft-inadarei-api-health-check. Sentences are our own
// and fixed: what a process said of its trouble may name paths, and whoever asks here has shown nothing.
import { ownCommand } from '../../formats/own-command.ts';
import type { WatchedInstance, WatchedProcesses } from '../../links/watcher-messages.ts';

export interface InstanceCondition extends WatchedInstance {
  /** Absent: it has none, or one that does not read. */
  readonly certificateEnds?: string;
}

export interface Condition extends WatchedProcesses {
  /** Of the certificate for control's names. */
  readonly certificateEnds?: string;
  readonly instances: readonly InstanceCondition[];
}

export interface Check {
  /** An instance, or `control` or `management`. */
  readonly component: string;
  readonly measurement: 'activation' | 'workers' | 'modules' | 'recorder' | 'certificate' | 'process' | 'witness';
  /** `warn`: it serves, and somebody should look. */
  readonly status: 'pass' | 'warn' | 'fail';
  readonly observedValue: string | number;
  readonly observedUnit?: string;
  /** Why, and the way out; absent where it is well. */
  readonly output?: string;
}

type Judged = Omit<Check, 'component' | 'measurement'>;

/** Long enough for a renewal by hand. */
export const WARN_DAYS = 14;
const DAY_MS = 86_400_000;

/** @param now milliseconds since 1970 */
export function judgeCondition(condition: Condition, now: number): readonly Check[] {
  const { control, managementRecorder, certificateEnds, instances } = condition;
  return [
    {
      component: 'control',
      measurement: 'process',
      ...(control
        ? pass('ready')
        : fail('down', 'it does not run or does not answer, and nobody is led to an instance; see logs/control.log')),
    },
    ...certificateOf('control', certificateEnds, now),
    {
      component: 'management',
      measurement: 'recorder',
      ...(managementRecorder
        ? pass('ready')
        : warn('down', 'the management plane changes nothing; keys are used. See logs/management-recorder.log')),
    },
    ...instances.flatMap((each) => judgeInstance(each, now)),
  ];
}

export function judgeInstance(condition: InstanceCondition, now: number): readonly Check[] {
  const {
    name,
    activation,
    storeRefused,
    workers,
    silent = 0,
    modules,
    recorder,
    recording,
    certificateEnds,
  } = condition;
  const isRefused = activation === 'Failed' && storeRefused;
  const judged: Check = {
    component: name,
    measurement: 'activation',
    ...(isRefused ? fail('StoreRefused', REFUSED) : ACTIVATIONS[activation](name)),
  };
  if (activation === 'Stopped') return [judged];
  return [
    judged,
    {
      component: name,
      measurement: 'workers',
      ...(silent > 0 ? hang(name, workers, silent) : shareOf(workers, 'no worker serves: it is started again')),
    },
    // Until it is unlocked, and where it does not start, there are none.
    ...(activation === 'Active' || activation === 'NotActivated'
      ? [
          {
            component: name,
            measurement: 'modules' as const,
            ...shareOf(modules, 'no module runs: it is started again'),
          },
        ]
      : []),
    { component: name, measurement: 'recorder', ...recorderOf(recorder, recording) },
    ...certificateOf(name, certificateEnds, now),
  ];
}

function pass(observedValue: string | number): Judged {
  return { status: 'pass', observedValue };
}

function warn(observedValue: string | number, output: string): Judged {
  return { status: 'warn', observedValue, output };
}

function fail(observedValue: string | number, output: string): Judged {
  return { status: 'fail', observedValue, output };
}

const REFUSED = 'its store, log and module do not belong together: see its log, and docs/guide/recovery.md';

const ACTIVATIONS: Readonly<Record<InstanceCondition['activation'], (name: string) => Judged>> = {
  Active: () => pass('Active'),
  NotActivated: () => fail('NotActivated', 'it is not activated: nobody has downloaded its security domain'),
  Locked: (name) => fail('Locked', `its root keys are sealed: ${ownCommand(`unlock ${name}`)}`),
  Unknown: () => fail('Unknown', 'it starts'),
  Failed: () => fail('Failed', `it does not start: see its log, and ${ownCommand('status')}`),
  Stopped: (name) => fail('Stopped', `an operator has stopped it: ${ownCommand(`instance start ${name}`)}`),
};

function shareOf({ ready, wanted }: InstanceCondition['workers'], none: string): Judged {
  if (ready === 0) return fail(0, none);
  return ready < wanted ? warn(ready, `${ready} of ${wanted} run: the others are started again`) : pass(ready);
}

/** It keeps the connections that it has, and is given new ones: those of the others are well, and who asks cannot know which. */
function hang(name: string, { ready, wanted }: InstanceCondition['workers'], silent: number): Judged {
  const way = `${ownCommand(`instance stop ${name}`)}, then start, ends it`;
  return fail(ready, `${silent} of ${wanted} run and do not answer, and clients wait for them: ${way}`);
}

function recorderOf(isUp: boolean, isRecording: boolean): Judged {
  if (!isUp)
    return fail('down', 'its recorder does not run or does not answer, and nothing is answered that is not on record');
  if (!isRecording) return fail('behind', 'its recorder does not keep up or cannot write: is the disk full?');
  return pass('ready');
}

function certificateOf(component: string, ends: string | undefined, now: number): readonly Check[] {
  if (ends === undefined) return [];
  const days = Math.floor((Date.parse(ends) - now) / DAY_MS);
  const judged =
    days < 0
      ? fail(days, `its certificate has ended at ${ends}: renew it`)
      : days < WARN_DAYS
        ? warn(days, `its certificate ends at ${ends}: renew it`)
        : pass(days);
  return [{ component, measurement: 'certificate', ...judged, observedUnit: 'days' }];
}
