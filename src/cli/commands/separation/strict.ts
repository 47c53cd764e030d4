// `strongroom separation strict`: from now on, what an administrator does to roles needs a second one.
import { command } from '../../command.ts';
import { answerSeparation, separationOptions } from './answer.ts';

export const strict = command({
  name: 'separation strict',
  summary: 'separate duties, for good',
  operands: '',
  details: `
From then on nobody gives a role to themselves, administrative roles and role definitions need a second person, grants have a
reason, and applications administer nothing: the development administrator, which is one, included. Two people must have
Managed HSM Administrator at / first. There is no way back.`,
  options: separationOptions,
  examples: ['strongroom separation strict', 'strongroom separation strict --as alice --hsm-name dev'],
  run: (values, _operands, terminal) => answerSeparation(values, terminal, { mode: 'strict' }),
});
