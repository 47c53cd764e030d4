// `strongroom clock …`: the time of a development instance, shown, moved forward, set back.
import { having } from '../../formats/having.ts';
import { integer } from '../../formats/shape.ts';
import { type Answered, asking } from '../asking.ts';
import type { Command } from '../command.ts';
import { durationText, readDuration } from '../duration.ts';

const PATH = '/strongroom/clock';
const seconds = integer(0, Number.MAX_SAFE_INTEGER);
const clock = having({ now: seconds, offsetSeconds: seconds });
const answered: Answered<ReturnType<typeof clock>> = {
  what: 'clock',
  read: clock,
  shown({ now, offsetSeconds }) {
    const ahead = offsetSeconds === 0 ? 'real time' : `${durationText(offsetSeconds)} ahead of real time`;
    return { text: `${new Date(now * 1000).toISOString()}  (${ahead})\n` };
  },
};

export const commands: readonly Command[] = [
  asking({
    name: 'clock advance',
    summary: "move a development instance's clock forward",
    operands: 'DURATION',
    wants: 'give one duration, for example 30d',
    details: `
Durations are 30d, 12h, 90m or 45s, and add up. What falls due on the way happens at once: purges, rotations, the end of
keys. Tokens, certificates and the audit log keep real time. Only instances of the dev profile have this. Where duties are
separated a person does it: --as alice.`,
    examples: ['strongroom clock advance 30d', 'strongroom clock advance 12h --hsm-name dev --as alice'],
    request: (_, [duration]) => ['POST', PATH, { advanceSeconds: readDuration(duration) }],
    ...answered,
  }),
  asking({
    name: 'clock show',
    summary: "show a development instance's time",
    examples: ['strongroom clock show', 'strongroom clock show --json'],
    request: () => ['GET', PATH],
    ...answered,
  }),
  asking({
    name: 'clock reset',
    summary: 'set a development instance back to real time',
    details: 'What has happened meanwhile stays: purged keys are gone, and keys made later than now have a date ahead.',
    examples: ['strongroom clock reset'],
    request: () => ['POST', PATH, { reset: true }],
    ...answered,
  }),
];
