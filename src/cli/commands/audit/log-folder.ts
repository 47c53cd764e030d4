// Which log an audit command means: a folder named outright, or that of an instance in the data directory.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { places } from '../../../main/config/data-layout.ts';
import { CommandError, dataOption, type OptionList } from '../../command.ts';
import { instanceOptions } from '../../instance-client.ts';
import { dataRootOf } from '../../running.ts';

export const logOptions = {
  log: { type: 'string', placeholder: 'FOLDER', description: "the log's folder, for instance of a copy of it" },
  'hsm-name': { ...instanceOptions['hsm-name'], description: 'the instance whose log it is' },
  ...dataOption,
} as const satisfies OptionList;

/** @throws CommandError when there is no log */
export function logFolder(values: { log: string | undefined; 'hsm-name': string; data: string | undefined }): string {
  const name = values['hsm-name'];
  if (!/^[a-zA-Z0-9-]+$/.test(name)) throw new CommandError(`'${name}' is not an instance's name`);
  if (values.log !== undefined) {
    if (isLog(values.log)) return values.log;
    throw new CommandError(`there is no log in ${values.log}`);
  }
  const at = places(dataRootOf(values.data));
  const folder = at.instance(name).audit;
  if (isLog(folder)) return folder;
  const others = existsSync(at.instances)
    ? readdirSync(at.instances).filter((each) => isLog(at.instance(each).audit))
    : [];
  const rest = others.length === 0 ? 'no instance has one' : `there is one of ${others.join(', ')} (--hsm-name NAME)`;
  throw new CommandError(`there is no log in ${folder}; ${rest}`);
}

function isLog(folder: string): boolean {
  return existsSync(join(folder, 'journal')) || existsSync(join(folder, 'checkpoint'));
}
