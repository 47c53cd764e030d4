// `strongroom settings list`: every setting of an instance. The list that clients of the service read holds booleans alone.

import { printableJson, printableLine } from '../../../formats/printable.ts';
import { CommandError, command, jsonOption } from '../../command.ts';
import { instanceOf, instanceOptions, openInstanceClient } from '../../instance-client.ts';

interface Shown {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

export const list = command({
  name: 'settings list',
  summary: 'show every setting of an instance and its value',
  operands: '',
  details: `
az keyvault setting list shows those that are true or false, as a client in Java reads no others; az keyvault setting show and
update reach each by its name.`,
  options: { ...instanceOptions, ...jsonOption },
  examples: ['strongroom settings list', 'strongroom settings list --hsm-name dev --json'],
  async run(values, _operands, terminal) {
    const answer = await openInstanceClient(instanceOf(values)).ask('GET', '/strongroom/settings');
    const settings = readSettings(answer);
    if (values.json) terminal.out(printableJson(settings));
    const width = Math.max(...settings.map(({ name }) => name.length));
    for (const { name, type, value } of values.json ? [] : settings) {
      terminal.out(
        `${printableLine(name).padEnd(width)}  ${printableLine(type).padEnd(7)}  ${printableLine(value)}`.trimEnd() +
          '\n',
      );
    }
    return 0;
  },
});

function readSettings(answer: unknown): readonly Shown[] {
  const { settings } = (answer ?? {}) as { readonly settings?: unknown };
  if (!Array.isArray(settings) || !settings.every(isShown)) throw new CommandError('the answer has no settings');
  return settings.map(({ name, type, value }: Shown) => ({ name, type, value }));
}

function isShown(each: unknown): each is Shown {
  const { name, type, value } = (each ?? {}) as Record<string, unknown>;
  return [name, type, value].every((text) => typeof text === 'string');
}
