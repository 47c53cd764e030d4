// `strongroom settings list`: every setting of an instance. The list that clients of the service read holds booleans alone.

import { having } from '../../formats/having.ts';
import { printableLine } from '../../formats/printable.ts';
import { list, text } from '../../formats/shape.ts';
import { type Answered, asking } from '../asking.ts';
import { type Command, command } from '../command.ts';
import { instanceAnswerOptions } from '../instance-client.ts';

const read = having({ settings: list(having({ name: text, type: text, value: text })) });
const answered: Answered<ReturnType<typeof read>> = {
  what: 'list of settings',
  read,
  shown({ settings }) {
    const width = Math.max(...settings.map(({ name }) => name.length));
    const lines = settings.map(({ name, type, value }) =>
      `${printableLine(name).padEnd(width)}  ${printableLine(type).padEnd(7)}  ${printableLine(value)}`.trimEnd(),
    );
    return { json: settings, text: lines.map((line) => `${line}\n`).join('') };
  },
};

export const commands: readonly Command[] = [
  command({
    name: 'settings list',
    summary: 'show every setting of an instance and its value',
    details: `
az keyvault setting list shows those that are true or false, as a client in Java reads no others; az keyvault setting show and
update reach each by its name.`,
    options: instanceAnswerOptions,
    examples: ['strongroom settings list', 'strongroom settings list --hsm-name dev --json'],
    run: asking(answered, () => ['GET', '/strongroom/settings']),
  }),
];
