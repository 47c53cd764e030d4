// Which log an audit command means: a folder named outright, that of an instance in the data directory, or the management plane's.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { places } from '../../../deployment/data-layout.ts';
import { recordedPurges } from '../../../deployment/purge-record.ts';
import { optionWords } from '../../../formats/own-command.ts';
import { CommandError, dataOption, type OptionValues, UsageError } from '../../command.ts';
import { dataRootOf } from '../../running.ts';
import { isLog } from './checkpoints.ts';

export const logOptions = {
  'log FOLDER': "the log's folder, for instance of a copy of it",
  'hsm-name NAME (dev)': 'the instance whose log it is',
  management: "the management plane's log: who made, changed and deleted HSMs",
  ...dataOption,
} as const;

type LogValues = Omit<OptionValues<typeof logOptions>, 'management'> & { readonly management?: boolean };

/** The same log again, as options of another command. */
export function logWords({ log, 'hsm-name': name, management, data }: LogValues): string {
  if (log !== undefined) return optionWords({ log });
  return management === true ? ` --management${optionWords({ data })}` : optionWords({ 'hsm-name': name, data });
}

export function logFolder(values: LogValues): string {
  const name = values['hsm-name'];
  if (!/^[a-zA-Z0-9-]+$/.test(name)) throw new CommandError(`'${name}' is not an instance's name`);
  if (values.log !== undefined && values.management === true)
    throw new UsageError('name one log: --log or --management');
  if (values.log !== undefined) {
    if (isLog(values.log)) return values.log;
    throw new CommandError(`there is no log in ${values.log}`);
  }
  const at = places(dataRootOf(values.data));
  const folder = values.management === true ? at.management.audit : at.instance(name).audit;
  if (isLog(folder)) return folder;
  if (values.management)
    throw new CommandError(`there is no log in ${folder}: it begins with the first start of the service`);
  // Which log is of which instance, the record of purges says.
  const gone = recordedPurges(at.purged)
    .filter((line) => line.name === name)
    .map(({ instanceId }) => join(at.purged, instanceId))
    .filter(isLog);
  if (gone.length > 0) {
    const named = gone.map((each) => optionWords({ log: each }).trim()).join(', ');
    throw new CommandError(`there is no log in ${folder}: '${name}' was purged, and its log stayed (${named})`);
  }
  const others = existsSync(at.instances)
    ? readdirSync(at.instances).filter((each) => isLog(at.instance(each).audit))
    : [];
  const rest = others.length === 0 ? 'no instance has one' : `there is one of ${others.join(', ')} (--hsm-name NAME)`;
  throw new CommandError(`there is no log in ${folder}; ${rest}`);
}
