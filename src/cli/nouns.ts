// The words that commands begin with, in the order in which help lists them, and where the commands of each are. A file of commands
// is loaded when one of its words was typed: here and nowhere else.
import type { Noun } from './command.ts';

export const nouns: readonly Noun[] = [
  noun('start', () => import('./commands/start.ts')),
  noun('status', () => import('./commands/status.ts')),
  noun('unlock', () => import('./commands/unlock.ts')),
  noun('config', () => import('./commands/config.ts'), 'the configuration of a production deployment'),
  noun(
    'instance',
    () => import('./commands/instance.ts'),
    'stop and start one instance, or have it go on without its newest witnesses',
  ),
  noun('seal', () => import('./commands/seal.ts'), "what an instance's root keys are sealed by"),
  noun('env', () => import('./commands/env.ts')),
  noun('alias', () => import('./commands/alias.ts'), 'further names of instances, which can move to another'),
  noun(
    'application',
    () => import('./commands/application.ts'),
    'certificates that applications of the development directory sign in with',
  ),
  noun(
    'identity',
    () => import('./commands/identity.ts'),
    'managed identities of the development directory, for local programs',
  ),
  noun(
    'federation',
    () => import('./commands/federation.ts'),
    "tokens of other issuers, exchanged for an application's",
  ),
  noun('settings', () => import('./commands/settings.ts'), 'settings of an instance'),
  noun('separation', () => import('./commands/separation.ts'), 'whether what administrators do takes two of them'),
  noun('reason', () => import('./commands/reason.ts')),
  noun('approval', () => import('./commands/approval.ts'), 'what waits for a second administrator'),
  noun('access', () => import('./commands/access.ts'), 'who may do what, and why a call was refused'),
  noun('network', () => import('./commands/network.ts'), 'network rules: plan them, try them, keep them'),
  noun(
    'custodian',
    () => import('./commands/custodian.ts'),
    'what custodians of a security domain do, and the register of them',
  ),
  noun(
    'ceremony',
    () => import('./commands/ceremony.ts'),
    'activation, recovery and resharing, step by step, with a signed report',
  ),
  noun('backup', () => import('./commands/backup.ts'), 'full backups of an HSM, and where they may be kept'),
  noun('audit', () => import('./commands/audit.ts'), 'the audit log: read it, verify it, keep its checkpoints'),
  noun('rehearse', () => import('./commands/rehearse.ts'), 'rehearsals of a recovery, and their signed records'),
  noun('byok', () => import('./commands/byok.ts'), 'keys of your own, wrapped for an HSM'),
  noun('clock', () => import('./commands/clock.ts'), "a development instance's clock"),
  noun('release', () => import('./commands/release.ts'), 'secure key release: policies, tokens, authorities'),
  noun('attestation', () => import('./commands/attestation.ts'), 'what an HSM signed about a key'),
];

function noun(word: string, load: Noun['load'], summary?: string): Noun {
  return { noun: word, summary, load };
}
