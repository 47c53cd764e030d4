// `strongroom settings list`: every setting of an instance. The list that clients of the service read holds booleans alone.
import { printableLine } from '../../formats/printable.ts';
import { type Command, CommandError, command } from '../command.ts';
import { instanceAnswerOptions, openInstanceClient } from '../instance-client.ts';

interface Shown {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

export const commands: readonly Command[] = [
  command({
    name: 'settings list',
    summary: 'show every setting of an instance and its value',
    operands: '',
    details: `
az keyvault setting list shows those that are true or false, as a client in Java reads no others; az keyvault setting show and
update reach each by its name.`,
    options: instanceAnswerOptions,
    examples: ['strongroom settings list', 'strongroom settings list --hsm-name dev --json'],
    async run(values) {
      const settings = readSettings(await openInstanceClient(values).ask('GET', '/strongroom/settings'));
      const width = Math.max(...settings.map(({ name }) => name.length));
      const lines = settings.map(({ name, type, value }) =>
        `${printableLine(name).padEnd(width)}  ${printableLine(type).padEnd(7)}  ${printableLine(value)}`.trimEnd(),
      );
      return { json: settings, text: lines.map((line) => `${line}\n`).join('') };
    },
  }),
];

function readSettings(answer: unknown): readonly Shown[] {
  const { settings } = (answer ?? {}) as { readonly settings?: unknown };
  if (!Array.isArray(settings) || !settings.every(isShown)) throw new CommandError('the answer has no settings');
  return settings.map(({ name, type, value }: Shown) => ({ name, type, value }));
}

function isShown(each: unknown): each is Shown {
  const { name, type, value } = (each ?? {}) as Record<string, unknown>;
  return [name, type, value].every((text) => typeof text === 'string');
}
