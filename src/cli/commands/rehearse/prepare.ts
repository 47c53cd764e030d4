// `strongroom rehearse prepare`: known answers of a running instance's keys, for full rehearsals to come.

import { randomInt } from 'node:crypto';
import { replaceFile } from '../../../files/durable-file.ts';
import { SAMPLES_FORMAT, type Sample, type Samples } from '../../../formats/rehearsal-samples.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { counted } from '../../counted.ts';
import { AnswerError, type InstanceClient, instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { keyNames, makeSample } from '../../rehearsal/known-answers.ts';

export const prepare = command({
  name: 'rehearse prepare',
  summary: 'make known answers of a running instance, for full rehearsals',
  operands: '',
  needs: { out: 'name the file with --out' },
  details: `
Wraps a random value under each key of a random sample and writes the ciphertexts with a hash of each value; of keys that only
sign it writes the public key. Keys that do neither are passed over. The file holds no secret: keep it beside the backups. The
caller needs the right to wrap, for instance the role 'Managed HSM Crypto User'.`,
  options: {
    'out FILE': 'where the samples go; replaced when it is there',
    'keys N (20)': 'how many keys at most: 1 to 1000',
    'key NAME...': 'a key that must be among them',
    ...instanceOptions,
    ...jsonOption,
  },
  examples: ['strongroom rehearse prepare --out samples.json --key payments-master'],
  async run(values) {
    const { out, keys, key: wanted } = values;
    const most = Number(keys);
    if (!/^\d{1,4}$/.test(keys) || most < 1 || most > 1000) throw new UsageError('--keys must be from 1 to 1000');
    const client = openInstanceClient(values);
    const names = await keyNames(client);
    for (const name of wanted) {
      if (!has(names, name)) throw new CommandError(await whyMissing(client, name));
    }
    const samples: Sample[] = [];
    for (const name of [...wanted, ...shuffled(names.filter((each) => !wanted.includes(each)))]) {
      if (samples.length >= most) break;
      const sample = await makeSample(client, name);
      if (sample !== undefined) samples.push(sample);
      else if (wanted.includes(name))
        throw new CommandError(`nothing can be known of '${name}' beforehand: it neither unwraps nor signs`);
    }
    if (samples.length === 0) throw new CommandError(`${client.who} has no key that unwraps or signs`);
    const madeAt = new Date().toISOString();
    const made: Samples = { format: SAMPLES_FORMAT, instance: values['hsm-name'], madeAt, samples };
    await replaceFile(out, `${JSON.stringify(made, null, 2)}\n`);
    const json = { out, keys: samples.length, of: names.length };
    return { json, text: `${out}: ${samples.length} of ${counted(names.length, 'key')}\n` };
  },
});

function has(names: readonly string[], name: string): boolean {
  return names.some((each) => each.toLowerCase() === name.toLowerCase());
}

async function whyMissing(client: InstanceClient, name: string): Promise<string> {
  const none = `${client.who} has no key '${name}'`;
  try {
    if (!has(await keyNames(client, 'deletedkeys'), name)) return none;
  } catch (error) {
    if (error instanceof AnswerError) return none; // who may wrap need not see what is deleted
    throw error;
  }
  return `${none}: it is deleted. Recover it (az keyvault key recover) or leave it out`;
}

function shuffled(names: readonly string[]): readonly string[] {
  const list = [...names];
  for (let last = list.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [list[last], list[other]] = [list[other] as string, list[last] as string];
  }
  return list;
}
