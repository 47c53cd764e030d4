// `strongroom clock advance`: moves the time of a development instance forward.
import { command, UsageError } from '../../command.ts';
import { readDuration } from '../../duration.ts';
import { answerClock, clockOptions } from './answer.ts';

export const advance = command({
  name: 'clock advance',
  summary: "move a development instance's clock forward",
  operands: 'DURATION',
  details: `
Durations are 30d, 12h, 90m or 45s, and add up. What falls due on the way happens at once: purges, rotations, the end of
keys. Tokens, certificates and the audit log keep real time. Only instances of the dev profile have this. Where duties are
separated a person does it: --as alice.`,
  options: clockOptions,
  examples: ['strongroom clock advance 30d', 'strongroom clock advance 12h --hsm-name dev --as alice'],
  async run(values, operands, terminal) {
    const [duration, ...more] = operands;
    if (duration === undefined || more.length > 0) throw new UsageError('give one duration, for example 30d');
    return answerClock(values, terminal, { advanceSeconds: readDuration(duration) });
  },
});
