import type { Command } from '../command.ts';
import { prepare } from './rehearse/prepare.ts';
import { file, rehearsalStatus } from './rehearse/records.ts';
import { rehearse } from './rehearse/rehearse.ts';
import { verifyRecord } from './rehearse/verify.ts';

export const commands: readonly Command[] = [rehearse, prepare, rehearsalStatus, verifyRecord, file];
