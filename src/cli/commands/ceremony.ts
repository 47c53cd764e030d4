import type { Command } from '../command.ts';
import { next } from './ceremony/next.ts';
import { note } from './ceremony/note.ts';
import { report } from './ceremony/report.ts';
import { start as startCeremony } from './ceremony/start.ts';
import { status as ceremonyStatus } from './ceremony/status.ts';
import { transferKey } from './ceremony/transfer-key.ts';
import { verify as verifyCeremony } from './ceremony/verify.ts';

export const commands: readonly Command[] = [
  startCeremony,
  next,
  ceremonyStatus,
  note,
  report,
  transferKey,
  verifyCeremony,
];
