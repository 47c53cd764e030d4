// `strongroom clock …`: the time of a development instance, shown, moved forward, set back.
import { having } from '../../formats/having.ts';
import { integer } from '../../formats/shape.ts';
import { type Answered, asking } from '../asking.ts';
import { type Command, command } from '../command.ts';
import { durationText, readDuration } from '../duration.ts';
import { instanceAnswerOptions } from '../instance-client.ts';

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
  command({
    name: 'clock advance',
    summary: "move a development instance's clock forward",
    operands: 'DURATION',
    wants: 'give one duration, for example 30d',
    details: `
Durations are 30d, 12h, 90m or 45s, and add up. What falls due on the way happens at once: purges, rotations, the end of
keys. Tokens, certificates and the audit log keep real time. Only instances of the dev profile have this. Where duties are
separated a person does it: --as alice.`,
    options: instanceAnswerOptions,
    examples: ['strongroom clock advance 30d', 'strongroom clock advance 12h --hsm-name dev --as alice'],
    run: asking(answered, (_, [duration]) => ['POST', PATH, { advanceSeconds: readDuration(duration) }]),
  }),
  command({
    name: 'clock show',
    summary: "show a development instance's time",
    options: instanceAnswerOptions,
    examples: ['strongroom clock show', 'strongroom clock show --json'],
    run: asking(answered, () => ['GET', PATH]),
  }),
  command({
    name: 'clock reset',
    summary: 'set a development instance back to real time',
    details: 'What has happened meanwhile stays: purged keys are gone, and keys made later than now have a date ahead.',
    options: instanceAnswerOptions,
    examples: ['strongroom clock reset'],
    run: asking(answered, () => ['POST', PATH, { reset: true }]),
  }),
];
